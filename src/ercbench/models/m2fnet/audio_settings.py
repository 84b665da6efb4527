"""The settings of M2FNet's audio extractor."""

from dataclasses import dataclass

from ercbench.models.settings import ModelSettings, one_of, require

MININGS = ("semi_hard", "hard", "random")
MARGINS = ("detached", "as_printed", "fixed")
FORMS = ("vicreg", "as_printed")


@dataclass
class M2FNetAudioSettings(ModelSettings):
    """M2FNet's triplet extractor of sounds.

    Attributes:
        width: Length of the vectors; 300 in the paper.
        weights: A ResNet to start from, by name or folder; None for random weights.
        mining: `semi_hard`, `hard` or `random`.
        margin: `detached`, `as_printed` or `fixed`; as printed, the loss works against itself.
        form: Of the variance and covariance losses: `vicreg` or `as_printed`.
        fixed_margin: Of `margin=fixed`, in half distances.
        batch_size: Utterances per batch.
        members: Of each class in a batch; `batch_size` divided by it is the number of classes.
        augment: Whether training pictures are warped in time and get noise.
        bands: Height of pictures made from recordings.
        picture_width: Width of pictures made from recordings.
        fit: How time becomes that wide: `stretch` or `pad`.
        pictures: An npz file with pictures by utterance id, instead of recordings.
    """

    _target_: str = "ercbench.models.m2fnet.audio.M2FNetAudio"
    learning_rate: float = 1e-4
    weight_decay: float = 1e-6
    width: int = 300
    weights: str | None = None
    mining: str = "semi_hard"
    margin: str = "detached"
    form: str = "vicreg"
    fixed_margin: float = 0.2
    batch_size: int = 48
    members: int = 12
    augment: bool = True
    bands: int = 128
    picture_width: int = 128
    fit: str = "stretch"
    pictures: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("mining", self.mining, MININGS)
        one_of("margin", self.margin, MARGINS)
        one_of("form", self.form, FORMS)
        for name in ("width", "batch_size", "members"):
            require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        require("fixed_margin", self.fixed_margin, self.fixed_margin > 0, "more than 0")
