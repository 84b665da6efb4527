"""Boxes in pictures: [n, 4] float32 of left, top, right and bottom, in pixels."""

import numpy as np

from ercbench.features.media.compiled import compiled


def areas(boxes: np.ndarray) -> np.ndarray:
    """Returns [n] areas in square pixels; a box turned inside out has none."""
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(0)
    return sides[:, 0] * sides[:, 1]


def within(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns the boxes, cut off at the borders of the picture."""
    return boxes.clip(0, np.array([width, height, width, height], np.float32))


def squared(boxes: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Returns squares around the same centres, as long as a box's longer side.

    Args:
        boxes: [n, 4].
        margin: How much longer, as a share of that side.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True) * (1 + margin) / 2
    return np.concatenate([centres - half, centres + half], 1)


def moved(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Returns the boxes with each border moved.

    Args:
        boxes: [n, 4].
        offsets: [n, 4], horizontal ones as shares of a box's width, vertical ones of its height.
    """
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return boxes + offsets * sides


def best_of_overlapping(
    boxes: np.ndarray, scores: np.ndarray, most: float, of_smaller: bool = False
) -> np.ndarray:
    """Returns which boxes stay when, from the best down, each removes those it overlaps with.

    Args:
        boxes: [n, 4].
        scores: [n].
        most: The overlap two boxes may have and both stay.
        of_smaller: Whether overlap is a share of the smaller box, instead of both together.

    Returns:
        Their numbers, the best first.
    """
    order = np.argsort(-scores, kind="stable")
    best, stay = boxes[order], np.ones(len(order), np.bool_)
    _remove_overlapping(best, areas(best), best.dtype.type(most), of_smaller, stay)
    return order[stay]


@compiled
def _remove_overlapping(
    boxes: np.ndarray, sizes: np.ndarray, most: np.floating, of_smaller: bool, stay: np.ndarray
) -> None:
    """Says in [n] which boxes do not stay; they come best first, with their areas.

    All is float32, as the boxes: cells of a grid overlap by exactly a half, and rounding decides.
    """
    for this in range(len(boxes)):
        for other in range(this + 1, len(boxes) if stay[this] else 0):
            across, down = _both(boxes, this, other, 0), _both(boxes, this, other, 1)
            shared = across * down
            whole = sizes[this] + sizes[other] - shared
            if of_smaller:
                whole = min(sizes[this], sizes[other])
            if across > 0 and down > 0 and shared > most * whole:
                stay[other] = False


@compiled
def _both(boxes: np.ndarray, this: int, other: int, side: int) -> float:
    """Returns how far two boxes both reach, across or down; below 0 where they are apart."""
    first = max(boxes[this, side], boxes[other, side])
    return min(boxes[this, side + 2], boxes[other, side + 2]) - first
