"""Sound to the field's acoustic sets: functionals over a recording, by openSMILE.

openSMILE is audEERING's; its licence allows research and private use, not commercial use. It is
therefore not part of the plain installation.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import Any

import numpy as np

from ercbench.extras import require
from ercbench.features.checks import check_choice, check_least
from ercbench.features.encoders.cache import each
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.clips import SHORTEST, UnreadableError
from ercbench.features.media.sound import RATE, read_sound

LICENCE = "licence of audEERING: research and private use, not commercial"


@dataclass(frozen=True)
class AcousticSet:
    """A set of openSMILE's.

    Attributes:
        title: What openSMILE calls it.
        width: How many functionals it has.
        source: Where it was defined.
    """

    title: str
    width: int
    source: str


SETS = {
    "is10": AcousticSet("IS10", 1582, "Schuller et al., Interspeech 2010"),
    "compare": AcousticSet("ComParE_2016", 6373, "Schuller et al., Interspeech 2016"),
    "egemaps": AcousticSet("eGeMAPSv02", 88, "Eyben et al., IEEE TAFFC 7(2), 2016"),
}


@dataclass(frozen=True)
class FunctionalsEncoder:
    """Statistics of pitch, loudness, spectrum and voice quality over a whole recording.

    Args:
        kind: `is10`, whose 1582 numbers MMGCN and CFN-ESA read; `compare`; `egemaps`.
        most_seconds: What comes later in a recording is not read.
        name: What the feature set is called; by default after the kind.

    Raises:
        ErcbenchError: A setting is wrong, or openSMILE is not installed.
    """

    kind: str = "is10"
    most_seconds: float = 30.0
    name: str = ""
    modality: str = "audio"

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, tuple(SETS))
        check_least("most_seconds", self.most_seconds, SHORTEST)
        require("opensmile", "opensmile", f"audio={self.kind} ({LICENCE})")
        object.__setattr__(self, "name", self.name or self.kind)

    @property
    def width(self) -> int:
        """Length of a vector."""
        return SETS[self.kind].width

    @property
    def fitted_on(self) -> list[str]:
        """Nothing."""
        return []

    def describe(self) -> dict[str, Any]:
        """Returns openSMILE's version and the settings."""
        settings = {"rate": RATE, "most_seconds": self.most_seconds}
        revision = f"opensmile {version('opensmile')}"
        return {"encoder": _encoder(self.kind), "revision": revision, "settings": settings}

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [width] for each item with a sound, else the reason why not."""
        return each(self, items, self._vector)

    def _vector(self, item: Item) -> np.ndarray:
        samples = read_sound(item.utterance, self.most_seconds)
        with warnings.catch_warnings():  # of sounds that are too short, which the reason says
            warnings.simplefilter("ignore", UserWarning)
            values = _extractor(self.kind).process_signal(samples, RATE).to_numpy()[0]
        if not np.isfinite(values).all():
            milliseconds = 1000 * len(samples) / RATE
            raise UnreadableError(f"sound of {milliseconds:.0f} ms is too short for {self.kind}")
        return values.astype(np.float32)


@cache
def _extractor(kind: str) -> Any:
    """Returns openSMILE's extractor, which a process makes once."""
    import opensmile

    return opensmile.Smile(opensmile.FeatureSet[SETS[kind].title])


def _encoder(kind: str) -> str:
    return f"openSMILE {SETS[kind].title}"


def _entry(kind: str) -> FrozenEncoder:
    own = SETS[kind]
    summary = f"{own.width} functionals of openSMILE's {own.title} ({own.source}); {LICENCE}"
    build = partial(FunctionalsEncoder, kind)
    return FrozenEncoder(kind, "audio", summary, _encoder(kind), build, ("name", "most_seconds"))


ENCODERS = tuple(map(_entry, SETS))
