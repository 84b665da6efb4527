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
    stay: list[int] = []
    order = np.argsort(-scores, kind="stable")
    while len(order):
        shared, whole = overlap(boxes[order[:BLOCK]], boxes[order], of_smaller)
        over = shared > most * whole
        left = np.ones(len(order), bool)
        for place in range(len(over)):
            if left[place]:
                stay.append(order[place])
                left &= ~over[place]
            left[place] = False
        order = order[left]
    return np.array(stay, int)


BLOCK = 64  # boxes that are compared with all others at once


def overlap(
    some: np.ndarray, others: np.ndarray, of_smaller: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns [n, m] areas that are in both boxes, and [n, m] areas they are shares of.

    Args:
        some: [n, 4].
        others: [m, 4].
        of_smaller: Whether they are shares of the smaller box, instead of both together.
    """
    left, top = (np.maximum(some[:, None, side], others[:, side]) for side in (0, 1))
    right, bottom = (np.minimum(some[:, None, side], others[:, side]) for side in (2, 3))
    shared = (right - left).clip(0) * (bottom - top).clip(0)
    sizes = areas(some)[:, None], areas(others)[None]
    return shared, np.minimum(*sizes) if of_smaller else sizes[0] + sizes[1] - shared
