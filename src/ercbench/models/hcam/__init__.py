"""HCAM: Dutta and Ganapathy, 2023."""

from ercbench.models.hcam.encoder_settings import HCAMAudioSettings, HCAMTextSettings
from ercbench.models.hcam.settings import HCAMSettings
from ercbench.models.registry import Model, TrainableEncoder

MODELS = (
    Model(
        name="hcam",
        title="HCAM",
        summary="Dutta and Ganapathy 2023: stages, co-attention, contrastive loss, ensemble",
        settings=HCAMSettings,
        target="ercbench.models.hcam.lightning.HCAM",
        reconstruction="no code was released; rebuilt from the abstract and the authors' other "
        "code",
        tiny={"hidden": 8},
    ),
)

ENCODERS = (
    TrainableEncoder(
        name="hcam_text",
        title="HCAM Stage I, text",
        summary="a transformer fine-tuned on single utterances, or with their neighbours",
        modality="text",
        settings=HCAMTextSettings,
        target="ercbench.models.hcam.stage_one.HCAMText",
    ),
    TrainableEncoder(
        name="hcam_audio",
        title="HCAM Stage I, sound",
        summary="wav2vec 2.0 fine-tuned on single utterances",
        modality="audio",
        settings=HCAMAudioSettings,
        target="ercbench.models.hcam.stage_one.HCAMAudio",
    ),
)
