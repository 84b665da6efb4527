"""The settings of HCAM's Stage I: an encoder of single utterances for each modality."""

from dataclasses import dataclass

from ercbench.models.base.settings import one_of, require
from ercbench.models.hcam.settings import ContrastiveSettings

POOLINGS = ("first", "mean", "last_four")


@dataclass
class EncoderSettings(ContrastiveSettings):
    """What both encoders share; the rate is that of the authors' other systems.

    Attributes:
        learning_rate: Of the encoder and its head alike.
        backbone: A public name of `features.pretrained`, or the folder of a model.
        batch_size: Utterances per batch.
    """

    learning_rate: float = 1e-5
    beta: float = 0.9
    backbone: str = ""
    batch_size: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require("batch_size", self.batch_size, self.batch_size >= 1, "at least 1")
        expected = "a public name, or the folder of a model"
        require("backbone", self.backbone, bool(self.backbone), expected)


@dataclass
class HCAMAudioSettings(EncoderSettings):
    """Stage I of sound.

    Attributes:
        backbone: `wav2vec2`, `wav2vec2-960h`, or the folder of a model of that kind; the authors'
            is wav2vec2-large-robust-ft-swbd-300h.
        width: Length H of a vector, 768 in the authors' CANAVER; None for the model's own width.
        most_seconds: What comes later in a recording is not read.
        frozen: Trains the head alone; the authors then take a learning rate of 1e-4.
        masked_frames: Share of frames hidden in training, in spans that may overlap
            (SpecAugment, Park et al. 2019); 0.05 by transformers' defaults, which the authors
            leave on.
    """

    _target_: str = "ercbench.models.hcam.stage_one.HCAMAudio"
    weight_decay: float = 0.0
    backbone: str = "wav2vec2"
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


@dataclass
class HCAMTextSettings(EncoderSettings):
    """Stage I of text; which model and pooling the paper used is not known.

    Attributes:
        backbone: `minilm`, `roberta`, `roberta-large`, or the folder of a BERT or RoBERTa.
        pooling: `first`, `mean` or `last_four`; see `TextSettings`.
        before: Utterances read before this one; none in the paper's Stage I.
        after: Utterances read after it.
        speakers: Puts `NAME: ` in upper case before each utterance.
        max_tokens: Longest input, special tokens included; the farthest neighbours go first.
        dropout: Before the classifier.
    """

    _target_: str = "ercbench.models.hcam.stage_one.HCAMText"
    weight_decay: float = 0.01
    backbone: str = "minilm"
    pooling: str = "mean"
    before: int = 0
    after: int = 0
    speakers: bool = False
    max_tokens: int = 128
    dropout: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("pooling", self.pooling, POOLINGS)
        require("dropout", self.dropout, 0 <= self.dropout < 1, "from 0 to below 1")
        for name, least in (("before", 0), ("after", 0), ("max_tokens", 8)):
            found = getattr(self, name)
            require(name, found, found >= least, f"{least} or more")
