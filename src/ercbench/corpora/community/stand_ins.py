"""What stands in for the few functions by which pickles rebuild arrays and containers.

Each takes what pickle writes and nothing else, and checks the sizes it is told against the bytes
that are there before it makes an array.
"""

import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ercbench.corpora.community.plain import NotPlainError, check_keys

MOST_DIMENSIONS = 32
# bool, integers, floats, bytes and text of a fixed length, and objects.
_CODES = re.compile(r"b1|[iu][1248]|f[248]|[SU]\d{1,7}|O[48]?")


@dataclass(frozen=True, eq=False)
class Function:
    """A function or class that a pickle may name.

    Attributes:
        name: As the pickle calls it.
        call: What is done when the pickle calls it; None where pickle only names it.
    """

    name: str
    call: Callable[..., Any] | None


class Dtype:
    """A numpy dtype while it is being read: of one of the simple kinds.

    Raises:
        NotPlainError: The kind is another.
    """

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        if type(code) is not str or not _CODES.fullmatch(code):
            raise NotPlainError("has an array that is neither of numbers nor of text")
        self.code, self.order = code, "|"

    def set_state(self, state: Any) -> None:
        """Takes the byte order from what `numpy.dtype.__reduce__` gives as the state."""
        order, structure = state[1], state[2:5]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in structure):
            raise NotPlainError("has an array of structures or in a strange byte order")
        self.order = order

    def resolved(self) -> np.dtype:
        """Returns the numpy dtype."""
        return np.dtype(object if self.code[0] == "O" else self.order + self.code)


def set_array_state(array: np.ndarray, state: Any) -> None:
    """Fills an array with what `numpy.ndarray.__reduce__` gives as its state.

    Raises:
        NotPlainError: The bytes or objects are not as many as the shape needs.
    """
    _, shape, dtype, is_fortran, raw = state
    resolved = _resolved(dtype)
    if resolved.hasobject and type(raw) is not list:
        raise NotPlainError("has an array of objects that are not listed")
    raw = raw if resolved.hasobject else _bytes(raw)
    _check_content(raw, resolved, _count(shape))
    checked: Any = (1, shape, resolved, bool(is_fortran), raw)
    array.__setstate__(checked)


def _new_array(kind: Any, shape: Any, code: Any) -> np.ndarray:
    if kind is not _NDARRAY:
        raise NotPlainError("has an array that is not numpy's own")
    return np.empty(0, np.int8)


def _array_of_buffer(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    resolved, raw = _resolved(dtype), _bytes(raw)
    if resolved.hasobject or order not in ("C", "F"):
        raise NotPlainError("has an array in a form that numpy does not write")
    _check_content(raw, resolved, _count(shape))
    return np.ndarray(shape, resolved, raw, order=order)


def _number(dtype: Any, raw: Any) -> Any:
    resolved, raw = _resolved(dtype), _bytes(raw)
    if resolved.hasobject:
        raise NotPlainError("has a number of no known kind")
    _check_content(raw, resolved, 1)
    return np.ndarray((), resolved, raw).item() if raw else resolved.type().item()


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """By `_codecs.encode`, old protocols spell bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes in an encoding other than latin1")
    return text.encode("latin1")


def _bytes_or_bytearray(content: Any = b"", encoding: str = "latin1") -> bytes:
    return _bytes(content)


def _set(members: Any = ()) -> set[Any]:
    _check_sequence(members)
    check_keys(members)
    return set(members)


def _dict(pairs: Any = ()) -> dict[Any, Any]:
    """Python 2 gave an OrderedDict its pairs; Python 3 sets them afterwards."""
    _check_sequence(pairs)
    for pair in pairs:
        _check_sequence(pair)
    check_keys(key for key, _ in pairs)
    return dict(pairs)


def _check_sequence(value: Any) -> None:
    if type(value) not in (list, tuple):
        raise NotPlainError("makes a container of something that is no list")


def _resolved(dtype: Any) -> np.dtype:
    if type(dtype) is not Dtype:
        raise NotPlainError("has an array without a type")
    return dtype.resolved()


def _bytes(raw: Any) -> bytes:
    if type(raw) not in (bytes, str):
        raise NotPlainError(f"has a {type(raw).__name__} where bytes were expected")
    return raw if type(raw) is bytes else raw.encode("latin1")


def _count(shape: Any) -> int:
    whole = type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape) > MOST_DIMENSIONS:
        raise NotPlainError("has an array of an impossible shape")
    return math.prod(shape)


def _check_content(raw: bytes | list[Any], dtype: np.dtype, count: int) -> None:
    """Checks that what an array is made of is as much as it needs, and that text is text."""
    each, what = (1, "objects") if dtype.hasobject else (dtype.itemsize, "bytes")
    if len(raw) != count * each:
        raise NotPlainError(
            f"has an array that needs {count * each:,} {what}, but brings {len(raw):,}"
        )
    if dtype.kind == "U" and not _is_unicode(raw, dtype):
        raise NotPlainError("has an array of text with characters that do not exist")


def _is_unicode(raw: Any, dtype: np.dtype) -> bool:
    return np.frombuffer(raw, f"{dtype.byteorder}u4").max(initial=0) <= sys.maxunicode


_NDARRAY = Function("numpy.ndarray", None)


def _all() -> dict[tuple[str, str], Function]:
    """Returns the stand-ins by module and name, as Python 2 and 3 and numpy 1 and 2 write them."""
    found: dict[tuple[str, str], Callable[..., Any] | None]
    found = {("_codecs", "encode"): _encoded, ("numpy", "dtype"): Dtype}
    for core in ("numpy.core", "numpy._core"):
        found[f"{core}.multiarray", "_reconstruct"] = _new_array
        found[f"{core}.multiarray", "scalar"] = _number
        found[f"{core}.numeric", "_frombuffer"] = _array_of_buffer
    for builtins in ("builtins", "__builtin__"):
        for name in ("list", "dict", "tuple", "int", "float", "str"):  # of a defaultdict
            found[builtins, name] = None
        found |= {(builtins, "set"): _set, (builtins, "frozenset"): _set}
        found |= {(builtins, name): _bytes_or_bytearray for name in ("bytes", "bytearray")}
    found["collections", "OrderedDict"] = _dict
    found["collections", "defaultdict"] = lambda factory=None: {}
    stand_ins = {key: Function(".".join(key), call) for key, call in found.items()}
    return stand_ins | {("numpy", "ndarray"): _NDARRAY}


STAND_INS = _all()
