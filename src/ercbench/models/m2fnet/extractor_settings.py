"""The settings of M2FNet's two extractors."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import TrainableSettings
from ercbench.settings import (
    Bound,
    Count,
    NonNegative,
    Positive,
    at_least,
    between,
    from_below,
    one_of,
    require,
)

MININGS = ("semi_hard", "hard", "random")
MARGINS = ("detached", "as_printed", "fixed")
FORMS = ("vicreg", "as_printed")
PartOfIdentities = Annotated[float, Bound("between 0 and 0.5", lambda share: 0 < share < 0.5)]


@dataclass(kw_only=True)
class TripletSettings(TrainableSettings):
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

    width: Count
    weights: str | None
    mining: Annotated[str, one_of(*MININGS)]
    margin: Annotated[str, one_of(*MARGINS)]
    form: Annotated[str, one_of(*FORMS)]
    fixed_margin: Positive
    batch_size: Count
    members: Count
    augment: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        expected = "null, because the triplet loss compares all utterances of a batch"
        whole = self.micro_batch_utterances is None
        require("micro_batch_utterances", self.micro_batch_utterances, whole, expected)


@dataclass(kw_only=True)
class M2FNetAudioSettings(TripletSettings):
    """M2FNet's triplet extractor of sounds; `augment` warps pictures in time and adds noise.

    Attributes:
        bands: Height of pictures made from recordings.
        picture_width: Width of pictures made from recordings.
        fit: How time becomes that wide: `stretch` or `pad`.
        pictures: An npz file with pictures by utterance id, instead of recordings.
    """

    bands: Annotated[int, between(32, 128)]
    picture_width: Annotated[int, at_least(32)]
    fit: Annotated[str, one_of("stretch", "pad")]
    pictures: str | None


@dataclass(kw_only=True)
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

    picture_size: Annotated[int, at_least(32)]
    validation: PartOfIdentities
    test: PartOfIdentities
    frames: Count
    spread: Annotated[str, one_of("successive", "even")]
    most_seconds: Annotated[float, at_least(0.1)]
    least_face: Annotated[int, at_least(12)]
    least_score: Annotated[float, from_below(0, 1)]
    face_margin: NonNegative
