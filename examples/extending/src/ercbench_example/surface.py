"""What a text looks like, in six numbers: no model, no weights."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.registry import FrozenEncoder

MARKS = "?!.,…"


@dataclass(frozen=True)
class SurfaceEncoder:
    """The logarithm of a text's length, and how often each of `MARKS` stands in it.

    Args:
        name: What the feature set is called.
    """

    name: str = "surface"
    modality: str = "text"
    width: int = 1 + len(MARKS)
    fitted_on: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """Returns which marks are counted."""
        return {"encoder": "surface of a text", "revision": "1", "settings": {"marks": MARKS}}

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector for each item with a text, else the reason why not."""
        return [_vector(item.utterance.text) for item in items]


def _vector(text: str) -> Vector:
    if not text:
        return "no text"
    return np.array([np.log(len(text)), *(text.count(mark) for mark in MARKS)], np.float32)


SURFACE = FrozenEncoder(
    name="surface",
    modality="text",
    summary="length and punctuation of a text",
    encoder="surface of a text",
    build=SurfaceEncoder,
    options=("name",),
)
