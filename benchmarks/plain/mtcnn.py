"""MTCNN's cascade as one writes it first: torch's own resizing, sums and loops, box by box."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.features.media.boxes import areas, moved, squared, within
from ercbench.features.media.mtcnn import CELL, PROPOSAL, REFINED, SHRINK, STRIDE
from ercbench.features.media.mtcnn_layers import Bend
from ercbench.features.media.mtcnn_networks import CascadeNetwork, load_networks


class PlainMTCNN:
    """Finds the faces that `MTCNN` finds."""

    def __init__(self, least_face: int = 40, least_score: float = 0.9) -> None:
        self.least_face, self.least_score = least_face, least_score
        self.networks = load_networks()

    @torch.inference_mode()
    def detect(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns [n, 4] boxes within a frame [H, W, 3] uint8 RGB, and [n] scores, best first."""
        pixels = torch.tensor(frame).permute(2, 0, 1)[None].float()
        parts = [self._at_scale(pixels, scale) for scale in self._scales(pixels)]
        if not parts:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        boxes, offsets, scores = map(np.concatenate, zip(*parts, strict=True))
        sums = F.pad(pixels.double().cumsum(2).cumsum(3), (1, 0, 1, 0))
        stages = (1, 24, REFINED), (2, 48, self.least_score)
        for stage, size, least in stages:
            stay = greedy(boxes, scores, 0.7)
            squares = squared(moved(boxes[stay], offsets[stay]))
            squares = squares[areas(squares) > 0]
            if not len(squares):
                return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
            seen = run(self.networks[stage], patches(sums, squares, size))
            offsets, scores = (part.numpy() for part in seen)
            sure = scores > least
            boxes, offsets, scores = squares[sure], offsets[sure], scores[sure]
        found = moved(boxes, offsets)
        stay = greedy(found, scores, 0.7, of_smaller=True)
        return within(found[stay], *frame.shape[:2]), scores[stay]

    def _scales(self, pixels: Tensor) -> list[float]:
        scale, scales = CELL / self.least_face, []
        while min(pixels.shape[2:]) * scale >= CELL:
            scales.append(scale)
            scale *= SHRINK
        return scales

    def _at_scale(self, pixels: Tensor, scale: float) -> list[np.ndarray]:
        size = [int(np.ceil(side * scale)) for side in pixels.shape[2:]]
        offsets, faces = run(self.networks[0], F.interpolate(pixels, size, mode="area"))
        rows, columns = (faces[0] > PROPOSAL).nonzero(as_tuple=True)
        corners = STRIDE * torch.stack([columns, rows, columns, rows], 1)
        boxes = ((corners + torch.tensor([0, 0, CELL, CELL])) / scale).numpy()
        scores = faces[0, rows, columns].numpy()
        stay = greedy(boxes, scores, 0.5)
        return [boxes[stay], offsets[0, :, rows, columns].T.numpy()[stay], scores[stay]]


def run(network: CascadeNetwork, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Returns what the network does, in the order in which pictures come."""
    seen = (pixels - 127.5) / 128
    for layer in network.body:
        seen = bend(layer, seen) if isinstance(layer, Bend) else layer(seen)
    return network.offsets(seen), network.face(seen).softmax(1)[:, 1]


def bend(layer: Bend, seen: Tensor) -> Tensor:
    """Returns what the layer does, in two."""
    seen = F.prelu(seen, layer.slopes)
    return F.max_pool2d(seen, layer.side, 2, ceil_mode=True) if layer.side else seen


def greedy(
    boxes: np.ndarray, scores: np.ndarray, most: float, of_smaller: bool = False
) -> np.ndarray:
    """Returns what `best_of_overlapping` does, one box after the other."""
    stay, order, sizes = [], np.argsort(-scores, kind="stable"), areas(boxes)
    while len(order):
        first, order = order[0], order[1:]
        stay.append(first)
        least = np.maximum(boxes[first, :2], boxes[order, :2])
        shared = areas(np.concatenate([least, np.minimum(boxes[first, 2:], boxes[order, 2:])], 1))
        whole = sizes[first] + sizes[order] - shared
        if of_smaller:
            whole = np.minimum(sizes[first], sizes[order])
        order = order[shared <= most * whole]
    return np.array(stay, int)


def patches(sums: Tensor, squares: np.ndarray, size: int) -> Tensor:
    """Returns [n, 3, size, size] means over the cells of squares, black beyond the picture.

    Args:
        sums: [1, 3, H + 1, W + 1] of all that is above and left of each corner.
        squares: [n, 4].
        size: Cells along a side.
    """
    steps = torch.linspace(0, 1, size + 1, dtype=torch.float64)
    boxes = torch.from_numpy(squares).double()
    corners = boxes[:, None, :2] + steps[:, None] * (boxes[:, 2:] - boxes[:, :2])[:, None]
    picture = torch.tensor([sums.shape[3] - 1, sums.shape[2] - 1])
    columns, rows = (2 * (corners / picture).clamp(0, 1) - 1).unbind(-1)
    shape = len(squares), size + 1, size + 1
    grid = torch.stack([columns[:, None].expand(shape), rows[:, :, None].expand(shape)], -1)
    at = F.grid_sample(sums, grid.flatten(0, 1)[None], align_corners=True)
    cells = at.view(3, *shape).diff(dim=2).diff(dim=3).transpose(0, 1)
    side = (boxes[:, 2] - boxes[:, 0])[:, None, None, None] / size
    return (cells / side**2).float()
