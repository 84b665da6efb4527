"""Boxes in pictures: [n, 4] float32 of left, top, right and bottom, in pixels."""

import numpy as np


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
    stay, order, sizes = [], np.argsort(-scores, kind="stable"), areas(boxes)
    while len(order):
        first, order = order[0], order[1:]
        stay.append(first)
        corners = np.concatenate(
            [
                np.maximum(boxes[first, :2], boxes[order, :2]),
                np.minimum(boxes[first, 2:], boxes[order, 2:]),
            ],
            1,
        )
        shared = areas(corners)
        smaller = np.minimum(sizes[first], sizes[order])
        whole = smaller if of_smaller else sizes[first] + sizes[order] - shared
        order = order[shared <= most * whole]
    return np.array(stay, int)
