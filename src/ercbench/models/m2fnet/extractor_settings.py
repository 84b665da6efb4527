"""The settings of M2FNet's two extractors."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings, one_of, require

MININGS = ("semi_hard", "hard", "random")
MARGINS = ("detached", "as_printed", "fixed")
FORMS = ("vicreg", "as_printed")


@dataclass
class TripletSettings(ModelSettings):
    """What the extractors of sounds and of faces have in common.

    Attributes:
        width: Length of the vectors; 300 in the paper.
        weights: A ResNet to start from, by name or folder; None for random weights.
        mining: `semi_hard`, `hard` or `random`.
        margin: `detached`, `as_printed` or `fixed`; as printed, the loss works against itself.
        form: Of the variance and covariance losses: `vicreg` or `as_printed`.
        fixed_margin: Of `margin=fixed`, in half distances.
        batch_size: Utterances, or pictures, per batch.
        members: Of each class in a batch; `batch_size` divided by it is the number of classes.
        augment: Whether training pictures are augmented.
    """

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

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("mining", self.mining, MININGS)
        one_of("margin", self.margin, MARGINS)
        one_of("form", self.form, FORMS)
        for name in ("width", "batch_size", "members"):
            require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        require("fixed_margin", self.fixed_margin, self.fixed_margin > 0, "more than 0")


@dataclass
class M2FNetAudioSettings(TripletSettings):
    """M2FNet's triplet extractor of sounds; `augment` warps pictures in time and adds noise.

    Attributes:
        bands: Height of pictures made from recordings.
        picture_width: Width of pictures made from recordings.
        fit: How time becomes that wide: `stretch` or `pad`.
        pictures: An npz file with pictures by utterance id, instead of recordings.
    """

    _target_: str = "ercbench.models.m2fnet.audio.M2FNetAudio"
    bands: int = 128
    picture_width: int = 128
    fit: str = "stretch"
    pictures: str | None = None


@dataclass
class M2FNetVisualSettings(TripletSettings):
    """M2FNet's triplet extractor of faces, and how a clip becomes a vector with it.

    `augment` mirrors pictures. The settings from `frames` on can be changed after training.

    Attributes:
        picture_size: Height and width of a picture, in pixels.
        validation: Share of the identities that choose the epoch; two at least.
        test: Share of the identities that are judged; two at least.
        frames: Of a clip; 15 in the paper.
        spread: `successive` frames from the middle of the clip, or `even`ly over it.
        most_seconds: What comes later in a clip is not read.
        least_face: Side of the smallest face that is looked for, in pixels of the clip.
        least_score: How sure the detector must be of a face, from 0 to 1.
        face_margin: How much longer the side of the square around a face is than the face.
    """

    _target_: str = "ercbench.models.m2fnet.visual.M2FNetVisual"
    members: int = 6
    picture_size: int = 112
    validation: float = 0.1
    test: float = 0.1
    frames: int = 15
    spread: str = "successive"
    most_seconds: float = 30.0
    least_face: int = 40
    least_score: float = 0.9
    face_margin: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require("picture_size", self.picture_size, self.picture_size >= 32, "32 or more")
        one_of("spread", self.spread, ("successive", "even"))
        for name in ("validation", "test"):
            require(name, getattr(self, name), 0 < getattr(self, name) < 0.5, "between 0 and 0.5")
        for name, least in (("frames", 1), ("least_face", 12), ("face_margin", 0)):
            require(name, getattr(self, name), getattr(self, name) >= least, f"{least} or more")
        require("most_seconds", self.most_seconds, self.most_seconds >= 0.1, "0.1 or more")
        require("least_score", self.least_score, 0 <= self.least_score < 1, "from 0 to below 1")
