"""What content may be made of: numbers, text, numpy arrays and plain containers, within bounds."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

MOST_NESTED = 20
NUMBERS = {bool, int, float, type(None)}
# What may be hashed: anything larger can be built so that hashing it takes for ever.
KEYS = NUMBERS | {str, bytes}
_CONTAINERS, _EMPTY = {dict, list, tuple, set, frozenset}, 64


class NotPlainError(Exception):
    """Says, as the rest of a sentence about the file, what in it is no plain content."""


def check_keys(keys: Iterable[Any]) -> None:
    """Raises NotPlainError if a key of a dict or a member of a set is neither number nor text."""
    for kind in set(map(type, keys)) - KEYS:
        raise NotPlainError(f"has a {kind.__name__} as a key or in a set")


def check_plain(content: Any, most_bytes: int) -> None:
    """Checks that everything in the content is plain and that writing it out would not explode.

    Args:
        content: What was read; containers may be shared in it, but not hold themselves.
        most_bytes: Its size may be this, every shared part counted wherever it occurs.

    Raises:
        NotPlainError: It holds something else, is nested too deeply, or is too large.
    """
    _Measure(most_bytes).of(content, MOST_NESTED)


def as_text(value: Any) -> str:
    """Returns text, or a number in digits, as text.

    Raises:
        ValueError: It is anything else, or bytes that are no UTF-8.
    """
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str | int | float | np.number):
        raise ValueError(f"a {type(value).__name__} stands where text was expected")
    return str(value)


def as_integer(value: Any) -> int:
    """Returns a whole number.

    Raises:
        ValueError, TypeError or OverflowError: It is none.
    """
    whole = int(value)
    if whole != value:
        raise ValueError(f"{type(value).__name__} that is no whole number")
    return whole


def as_finite(value: Any) -> float:
    """Returns a number.

    Raises:
        ValueError or TypeError: It is none, NaN or infinite.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a score is {number}")
    return number


class _Measure:
    """Sizes in bytes and depths of nesting; every container is looked into once."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.known: dict[int, tuple[int, int]] = {}

    def of(self, value: Any, room: int) -> tuple[int, int]:
        if type(value) in KEYS:
            return _size_of_leaf(value), 0
        if type(value) in _CONTAINERS and not value:
            return _EMPTY, 1
        if id(value) not in self.known:
            self.known[id(value)] = self._look_into(value, room)
        return self.known[id(value)]

    def _look_into(self, value: Any, room: int) -> tuple[int, int]:
        if type(value) is np.ndarray and not value.dtype.hasobject:
            size, depth = _size_of_array(value), 0
        else:
            size, depth = self._sum_up(_inside(value), room)
        if depth > MOST_NESTED:
            raise NotPlainError(f"nests more than {MOST_NESTED} containers in each other")
        if size > self.most_bytes:
            raise NotPlainError(f"stands for more than {self.most_bytes:,} bytes of content")
        return size, depth

    def _sum_up(self, inside: list[Any], room: int) -> tuple[int, int]:
        if set(map(type, inside)) <= NUMBERS:
            return 8 * len(inside), 1
        if room == 0:
            return 0, MOST_NESTED + 1
        found = [self.of(value, room - 1) for value in inside]
        return sum(size for size, _ in found), 1 + max(depth for _, depth in found)


def _inside(value: Any) -> list[Any]:
    if type(value) is dict:
        return [*value.keys(), *value.values()]
    if type(value) in _CONTAINERS:
        return list(value)
    if type(value) is np.ndarray:
        return value.ravel().tolist()
    raise NotPlainError(f"holds a {type(value).__name__} where data was expected")


def _size_of_leaf(value: Any) -> int:
    if type(value) is str:
        return len(value.encode())  # raises UnicodeEncodeError for half a character
    return len(value) if type(value) is bytes else 8


def _size_of_array(array: np.ndarray) -> int:
    if array.dtype.kind == "U":
        "".join(array.ravel().tolist()).encode()
    return array.itemsize * math.prod(max(1, length) for length in array.shape)
