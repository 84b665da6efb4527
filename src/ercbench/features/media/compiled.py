"""Loops that numba compiles: for what numpy and torch would copy too often."""

from collections.abc import Callable

from numba import njit


def compiled(loop: Callable) -> Callable:
    """Returns a loop, compiled when it is first called.

    That takes a second or less, and is kept for later processes: beside the package or, where that
    cannot be written to, in the user's folder. Where neither can, each process compiles its own.
    """
    try:
        return njit(cache=True, error_model="numpy")(loop)
    except RuntimeError:
        return njit(error_model="numpy")(loop)
