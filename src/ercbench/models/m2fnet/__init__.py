"""M2FNet: Chudasama et al., CVPRW 2022."""

from ercbench.models.m2fnet.extractor_settings import M2FNetAudioSettings, M2FNetVisualSettings
from ercbench.models.m2fnet.settings import M2FNetSettings
from ercbench.models.registry import Model, TrainableEncoder

MODELS = (
    Model(
        name="m2fnet",
        title="M2FNet",
        summary="Chudasama et al. 2022: its dialogue network, from the paper",
        settings=M2FNetSettings,
        target="ercbench.models.m2fnet.lightning.M2FNet",
        reconstruction="no code was released; rebuilt from the paper",
        tiny={"hidden": 8},
    ),
)

ENCODERS = (
    TrainableEncoder(
        name="m2fnet_audio",
        title="M2FNet extractor, sound",
        summary="a ResNet on mel spectrograms, trained with adaptive-margin triplets",
        modality="audio",
        settings=M2FNetAudioSettings,
        target="ercbench.models.m2fnet.audio.M2FNetAudio",
    ),
    TrainableEncoder(
        name="m2fnet_visual",
        title="M2FNet extractor, faces",
        summary="a ResNet on faces, trained with adaptive-margin triplets; faces and scene of a "
        "clip",
        modality="visual",
        settings=M2FNetVisualSettings,
        target="ercbench.models.m2fnet.visual.M2FNetVisual",
    ),
)
