"""MTCNN (Zhang et al., arXiv 1604.02878): faces found by three networks, each on fewer boxes.

The third network also finds eyes, nose and mouth, which are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
import torch

from ercbench.features.media.boxes import areas, squared, within
from ercbench.features.media.found import NOTHING, Found, joined
from ercbench.features.media.mtcnn_networks import CascadeNetwork, load_networks
from ercbench.features.media.summed_areas import add_up, cut, shrink

CELL, STRIDE = 12, 2  # pixels that the first network sees at once, and between two of its cells
SHRINK = 0.709  # half the area, from one size of the picture to the next
PROPOSAL, REFINED = 0.6, 0.7  # scores that the first two networks want, from the authors' code
FRAMES = 4  # looked at together; a frame of 1280x720 takes 11 MB of sums meanwhile

Boxes = tuple[np.ndarray, np.ndarray]  # [n, 4] boxes and [n] scores of a frame


@dataclass(frozen=True)
class MTCNN:
    """Finds faces.

    Args:
        least_face: Height and width in pixels of the smallest face that is looked for.
        least_score: What the third network wants, from 0 to 1.
    """

    least_face: int = 40
    least_score: float = 0.9

    @torch.inference_mode()
    def detect(self, frames: Sequence[np.ndarray]) -> list[Boxes]:
        """Returns for each frame [n, 4] boxes within it and [n] scores, best first.

        Args:
            frames: [H, W, 3] uint8, RGB; each may be of another size.
        """
        alike = (list(same) for _, same in groupby(frames, np.shape))
        return [found for same in alike for found in self._of_one_size(same)]

    def _of_one_size(self, frames: list[np.ndarray]) -> list[Boxes]:
        sums = _tables(min(FRAMES, len(frames)), *frames[0].shape[:2])
        blocks = (frames[start : start + FRAMES] for start in range(0, len(frames), FRAMES))
        return [found for block in blocks for found in self._together(block, sums)]

    def _together(self, frames: list[np.ndarray], sums: np.ndarray) -> list[Boxes]:
        """Returns what is in some frames, whose sums are put in tables."""
        height, width = frames[0].shape[:2]
        scales = self._scales(min(height, width))
        sizes = _sizes(frames, sums, scales)
        found = joined(list(map(self._proposed, sizes, scales))).best(0.7)
        found = _within_patches(self._networks[1], sums, found, 24, REFINED).best(0.7)
        found = _within_patches(self._networks[2], sums, found, 48, self.least_score)
        found = replace(found, boxes=found.moved()).best(0.7, of_smaller=True)
        each = [found[found.frames == frame] for frame in range(len(frames))]
        return [(within(own.boxes, height, width), own.scores) for own in each]

    def _scales(self, shorter: int) -> list[float]:
        scale, scales = CELL / self.least_face, []
        while shorter * scale >= CELL:
            scales.append(scale)
            scale *= SHRINK
        return scales

    def _proposed(self, pixels: np.ndarray, scale: float) -> Found:
        """Returns what the first network finds in frames [n, h, w, 3] made smaller."""
        at, offsets, scores = self._networks[0].see(pixels, PROPOSAL)
        frames, rows, columns = at.T
        corners = STRIDE * np.stack([columns, rows, columns, rows], 1).astype(np.float32)
        boxes = (corners + np.array([0, 0, CELL, CELL], np.float32)) / np.float32(scale)
        return Found(frames, boxes, offsets, scores).best(0.5)

    @cached_property
    def _networks(self) -> list[CascadeNetwork]:
        networks = load_networks()
        for network in networks:
            # As the maps are: else each product would first lay its weights out anew.
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return networks


def _within_patches(
    network: CascadeNetwork, sums: np.ndarray, found: Found, size: int, least: float
) -> Found:
    """Returns the squares around faces in which a network sees one."""
    squares = squared(found.moved())
    some = areas(squares) > 0
    frames, squares = found.frames[some], squares[some]
    if not len(squares):
        return NOTHING
    patches = np.empty((len(squares), size, size, 3), np.float32)
    cut(sums, frames, squares, patches)
    at, offsets, scores = network.see(patches, least)
    return Found(frames[at[:, 0]], squares[at[:, 0]], offsets, scores)


def _tables(count: int, height: int, width: int) -> np.ndarray:
    """Returns tables for the sums of so many frames; the system is slow to give that much anew."""
    kind = np.int32 if 255 * height * width < 2**31 else np.int64
    return np.zeros((count, height + 1, width + 1, 3), kind)


def _sizes(
    frames: Sequence[np.ndarray], sums: np.ndarray, scales: Sequence[float]
) -> list[np.ndarray]:
    """Returns frames [n, h, w, 3] made smaller by each scale, and puts their sums in tables."""
    shapes = [np.ceil(np.multiply(frames[0].shape[:2], scale)).astype(int) for scale in scales]
    sizes = [np.empty((len(frames), *shape, 3), np.float32) for shape in shapes]
    for n, frame in enumerate(frames):
        add_up(np.ascontiguousarray(frame), sums[n])
        for smaller in sizes:  # while the sums are in the cache
            shrink(sums[n], smaller[n])
    return sizes
