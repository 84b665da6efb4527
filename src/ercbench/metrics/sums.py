"""What scores of sums have in common."""

import numpy as np


def mean_of_sums(sums: np.ndarray) -> np.ndarray:
    """Returns the first of two sums divided by the second."""
    return ratio(sums[..., 0], sums[..., 1])


def parts(sums: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """Returns [..., count * K] sums as so many of [..., K]."""
    return tuple(np.split(sums, count, axis=-1))


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Returns above / below, NaN where both are 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.divide(above, below))
