"""What a network of MTCNN found in several frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ercbench.features.media.boxes import best_of_overlapping, moved


@dataclass(frozen=True)
class Found:
    """Where a network sees faces.

    Attributes:
        frames: [n], numbers of the frames.
        boxes: [n, 4], what it was shown.
        offsets: [n, 4], by how much the face's borders are elsewhere.
        scores: [n].
    """

    frames: np.ndarray
    boxes: np.ndarray
    offsets: np.ndarray
    scores: np.ndarray

    def __getitem__(self, which: np.ndarray) -> "Found":
        return Found(*(part[which] for part in vars(self).values()))

    def best(self, most: float, of_smaller: bool = False) -> "Found":
        """Returns those that stay where boxes of a frame overlap by more than a share."""
        stay = [np.zeros(0, int)]
        for frame in np.unique(self.frames):
            (own,) = (self.frames == frame).nonzero()
            best = best_of_overlapping(self.boxes[own], self.scores[own], most, of_smaller)
            stay.append(own[best])
        return self[np.concatenate(stay)]

    def moved(self) -> np.ndarray:
        """Returns [n, 4] boxes around the faces."""
        return moved(self.boxes, self.offsets)


NO_BOXES = np.zeros((0, 4), np.float32)
NOTHING = Found(np.zeros(0, int), NO_BOXES, NO_BOXES, NO_BOXES[:, 0])


def joined(found: Sequence[Found]) -> Found:
    """Returns all that was found."""
    parts = zip(*(vars(each).values() for each in [NOTHING, *found]), strict=True)
    return Found(*map(np.concatenate, parts))
