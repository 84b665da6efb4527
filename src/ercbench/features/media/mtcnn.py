"""MTCNN (Zhang et al., arXiv 1604.02878): faces found by three networks, each on fewer boxes.

The third network also finds eyes, nose and mouth, which are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.features.media.boxes import areas, best_of_overlapping, moved, squared, within
from ercbench.features.media.mtcnn_networks import CascadeNetwork, load_networks

CELL, STRIDE = 12, 2  # pixels that the first network sees at once, and between two of its cells
SHRINK = 0.709  # half the area, from one size of the picture to the next
PROPOSAL, REFINED = 0.6, 0.7  # scores that the first two networks want, from the authors' code
PIXELS = 1 << 16  # of patches that go through a network together, so that all stay in the cache


@dataclass(frozen=True)
class MTCNN:
    """Finds faces.

    Args:
        least_face: Height and width in pixels of the smallest face that is looked for.
        least_score: What the third network wants, from 0 to 1.
        device: Where it computes.
    """

    least_face: int = 40
    least_score: float = 0.9
    device: str = "cpu"

    @torch.inference_mode()
    def detect(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns [n, 4] boxes within a frame [H, W, 3] uint8 RGB, and [n] scores, best first."""
        sums = _sums(frame)
        scales = self._scales(min(frame.shape[:2]))
        found = _joined([self._at_scale(sums, scale) for scale in scales])
        found = _within_patches(self._networks[1], sums, found.best(0.7).moved(), 24, REFINED)
        boxes = found.best(0.7).moved()
        found = _within_patches(self._networks[2], sums, boxes, 48, self.least_score)
        boxes = found.moved()
        stay = best_of_overlapping(boxes, found.scores, 0.7, of_smaller=True)
        return within(boxes[stay], *frame.shape[:2]), found.scores[stay]

    def _scales(self, shorter: int) -> list[float]:
        scale, scales = CELL / self.least_face, []
        while shorter * scale >= CELL:
            scales.append(scale)
            scale *= SHRINK
        return scales

    def _at_scale(self, sums: np.ndarray, scale: float) -> "Found":
        height, width = (int(np.ceil((sums.shape[axis] - 1) * scale)) for axis in (0, 2))
        smaller = torch.from_numpy(_resized(sums, height, width)).to(self.device)
        offsets, faces = self._networks[0](smaller.permute(2, 0, 1)[None])
        rows, columns = (faces[0] > PROPOSAL).nonzero(as_tuple=True)
        corners = STRIDE * torch.stack([columns, rows, columns, rows], 1)
        cells = corners + torch.tensor([0, 0, CELL, CELL], device=corners.device)
        at = (cells / scale, offsets[0, :, rows, columns].T, faces[0, rows, columns])
        return Found(*(each.cpu().numpy() for each in at)).best(0.5)

    @cached_property
    def _networks(self) -> list[CascadeNetwork]:
        return load_networks(self.device)


@dataclass(frozen=True)
class Found:
    """Where a network sees faces.

    Attributes:
        boxes: [n, 4], what it was shown.
        offsets: [n, 4], by how much the face's borders are elsewhere.
        scores: [n].
    """

    boxes: np.ndarray
    offsets: np.ndarray
    scores: np.ndarray

    def best(self, most: float) -> "Found":
        """Returns those that stay where boxes overlap by more than a share."""
        stay = best_of_overlapping(self.boxes, self.scores, most)
        return Found(self.boxes[stay], self.offsets[stay], self.scores[stay])

    def moved(self) -> np.ndarray:
        """Returns [n, 4] boxes around the faces."""
        return moved(self.boxes, self.offsets)


NOTHING = Found(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


def _joined(found: Sequence[Found]) -> Found:
    everything = [NOTHING, *found]
    parts = [
        [getattr(each, name) for each in everything] for name in ("boxes", "offsets", "scores")
    ]
    return Found(*map(np.concatenate, parts))


def _within_patches(
    network: CascadeNetwork, sums: np.ndarray, boxes: np.ndarray, size: int, least: float
) -> Found:
    """Returns the squares around boxes in which a network sees a face."""
    squares = squared(boxes)
    squares = squares[areas(squares) > 0]
    if not len(squares):
        return NOTHING
    patches = _patches(torch.from_numpy(sums).to(network.device), squares, size)
    seen = [network(part) for part in patches.split(PIXELS // size**2)]
    offsets, faces = (torch.cat(part).cpu().numpy() for part in zip(*seen, strict=True))
    stay = faces > least
    return Found(squares[stay], offsets[stay], faces[stay])


def _sums(frame: np.ndarray) -> np.ndarray:
    """Returns [H + 1, 3, W + 1] sums of all that is above and left of each corner (Crow 1984)."""
    height, width = frame.shape[:2]
    lines = np.cumsum(frame.transpose(0, 2, 1), axis=2, dtype=np.int32)
    sums = np.zeros((height + 1, 3, width + 1))
    for row in range(height):  # several times faster than a sum along the first axis
        np.add(sums[row, :, 1:], lines[row], out=sums[row + 1, :, 1:])
    return sums


def _resized(sums: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns [height, width, 3] float32 means over the pixels that each cell touches."""
    top, bottom = _touched(len(sums) - 1, height)
    left, right = _touched(sums.shape[2] - 1, width)
    strips = sums.take(bottom, 0) - sums.take(top, 0)
    cells = strips.take(right, 2) - strips.take(left, 2)
    means = cells / ((bottom - top)[:, None, None] * (right - left))
    return np.ascontiguousarray(means.transpose(0, 2, 1), np.float32)


def _touched(length: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns [cells] first pixels, and those after the last, that cells of a line touch."""
    borders = np.arange(cells + 1) * length
    return borders[:-1] // cells, -(-borders[1:] // cells)


def _patches(sums: Tensor, squares: np.ndarray, size: int) -> Tensor:
    """Returns [n, 3, size, size] means over the cells of squares, black beyond the picture.

    Linear between the corners of pixels, the sums are exact at those of the cells.
    """
    boxes = torch.from_numpy(squares).to(sums)
    steps = torch.linspace(0, 1, size + 1).to(sums)
    corners = boxes[:, None, :2] + steps[:, None] * (boxes[:, 2:] - boxes[:, :2])[:, None]
    picture = torch.tensor([sums.shape[2] - 1, sums.shape[0] - 1]).to(sums)
    columns, rows = (2 * (corners / picture).clamp(0, 1) - 1).unbind(-1)
    shape = len(squares), size + 1, size + 1
    grid = torch.stack([columns[:, None].expand(shape), rows[:, :, None].expand(shape)], -1)
    at = F.grid_sample(sums.movedim(1, 0)[None], grid.flatten(0, 1)[None], align_corners=True)
    cells = at.view(3, *shape).diff(dim=2).diff(dim=3).transpose(0, 1)
    side = (boxes[:, 2] - boxes[:, 0])[:, None, None, None] / size
    return (cells / side**2).float()
