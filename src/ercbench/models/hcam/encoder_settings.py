"""The settings of HCAM's Stage I: an encoder of single utterances for each modality."""

from dataclasses import dataclass

from ercbench.models.hcam.settings import ContrastiveSettings
from ercbench.models.settings import require


@dataclass
class EncoderSettings(ContrastiveSettings):
    """What both encoders share; rates and epochs are those of the authors' other systems.

    Attributes:
        learning_rate: Of the encoder and its head alike.
        weight_decay: Of AdamW; none, as the authors use Adam.
        model: A public name of `features.pretrained`, or the folder of a model.
        epochs: Most epochs; None for `trainer.max_epochs`.
    """

    learning_rate: float = 1e-5
    weight_decay: float = 0.0
    model: str = ""
    epochs: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require("model", self.model, bool(self.model), "a public name, or the folder of a model")
        epochs = self.epochs
        require("epochs", epochs, epochs is None or epochs >= 1, "1 or more, or null")


@dataclass
class AudioEncoderSettings(EncoderSettings):
    """Stage I of sound.

    Attributes:
        model: `wav2vec2`, `wav2vec2-960h`, or the folder of a model of that kind; the authors'
            is wav2vec2-large-robust-ft-swbd-300h.
        width: Length H of a vector, 768 in the authors' CANAVER; None for the model's own width.
        most_seconds: What comes later in a recording is not read.
        frozen: Trains the head alone; the authors then take a learning rate of 1e-4.
        masked_frames: Share of frames hidden in training, in spans that may overlap
            (SpecAugment, Park et al. 2019); 0.05 by transformers' defaults, which the authors
            leave on.
    """

    model: str = "wav2vec2"
    epochs: int | None = 50
    width: int | None = 768
    most_seconds: float = 10.0
    frozen: bool = False
    masked_frames: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        width, seconds, masked = self.width, self.most_seconds, self.masked_frames
        require("width", width, width is None or width >= 1, "1 or more, or null")
        require("most_seconds", seconds, seconds >= 0.1, "0.1 or more")
        require("masked_frames", masked, 0 <= masked < 1, "from 0 to below 1")
