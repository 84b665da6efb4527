"""Pickles read without executing anything: numpy arrays and plain containers, nothing else."""

import gc
import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from pickletools import opcodes
from typing import Any

import numpy as np

from ercbench.corpora.community.plain import NotPlainError, check_keys, check_plain
from ercbench.corpora.community.stand_ins import STAND_INS, Dtype, Function, set_array_state
from ercbench.errors import ErcbenchError

MOST_OBJECTS = 5_000_000
# What a file may stand for: shared parts are common (one vector for all that are missing).
MOST_BYTES, MOST_GROWTH = 2**28, 16
SMALLEST, LARGEST = -(2**63), 2**64 - 1

# Opcodes that make or move plain values, done as Python does them …
_PLAIN = (
    "PROTO FRAME STOP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 FLOAT BINFLOAT STRING BINSTRING "
    "SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES "
    "BINBYTES8 EMPTY_TUPLE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL LIST"
)
# … and, of these, one byte of the file makes an object of many,
_COUNTED = (
    "MARK EMPTY_LIST EMPTY_DICT EMPTY_SET TUPLE TUPLE1 TUPLE2 TUPLE3 PUT BINPUT LONG_BINPUT MEMOIZE"
)
# … or a number of any size.
_INTEGERS = "INT LONG LONG1"

# What unpickling raises on bytes that are no whole pickle.
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, struct.error),
    *(AttributeError, ArithmeticError, MemoryError),
)


def read_pickle(path: Path) -> Any:
    """Reads a pickle of numpy arrays and plain containers.

    Python 2's bytes become Latin-1 text, every kind of dict a dict, numpy's numbers Python's.

    Raises:
        ErcbenchError: The file is absent or damaged, or asks for anything else; the message
            says what, and nothing of it has been executed.
    """
    try:
        with _mapped(path) as content, _without_garbage_collection():
            value = _PlainUnpickler(content).load()
            check_plain(value, max(MOST_BYTES, MOST_GROWTH * len(content)))
    except FileNotFoundError:
        raise ErcbenchError(f"{path}: no such file. Correct the path.") from None
    except OSError as error:
        raise ErcbenchError(
            f"{path}: cannot be read ({error.strerror or error}). Give a file that can."
        ) from None
    except NotPlainError as error:
        raise ErcbenchError(
            f"{path}: {error}; only numpy arrays of numbers and text and plain containers are "
            "read. Nothing was executed. Have its owner save plain arrays (npz) instead, or "
            "convert it where you trust it."
        ) from None
    except _DAMAGE as error:
        found = str(error) or "it ends too early"
        raise ErcbenchError(f"{path}: not a whole pickle ({found}). Copy the file again.") from None
    return value


@contextmanager
def _mapped(path: Path) -> Iterator[mmap]:
    """Yields a file as one that cannot be asked for more bytes than it has."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        yield content


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Looking for garbage again and again among millions of new objects takes most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Opcodes(dict[int, Callable[[Any], None]]):
    """What is done for an opcode; every other is refused."""

    def __missing__(self, code: int) -> Any:
        for opcode in opcodes:
            if opcode.code == chr(code):
                raise NotPlainError(f"uses the opcode {opcode.name}")
        raise pickle.UnpicklingError(f"byte {code:#04x} is no opcode")


class _PlainUnpickler(pickle._Unpickler):
    """Python's own reader, of which only harmless opcodes are left.

    It is the reader written in Python: the one in C hashes, calls and fills whatever the file
    says, where nobody can check it.
    """

    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]

    def __init__(self, content: mmap) -> None:
        super().__init__(content, encoding="latin1")
        self.objects = 0

    def find_class(self, module: str, name: str) -> Any:
        """Returns what stands in for a global that data needs; refuses every other."""
        if (module, name) not in STAND_INS:
            raise NotPlainError(f"asks for '{module}.{name}', which can run code")
        return STAND_INS[module, name]

    def _top(self, kind: type) -> Any:
        """Returns what an opcode changes, if it is of the one kind that it may change."""
        if type(self.stack[-1]) is not kind:
            raise NotPlainError(f"uses a {type(self.stack[-1]).__name__} as a {kind.__name__}")
        return self.stack[-1]

    def _append(self) -> None:
        value = self.stack.pop()
        self._top(list).append(value)

    def _appends(self) -> None:
        values = self.pop_mark()
        self._top(list).extend(values)

    def _dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._update(items)

    def _setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def _setitems(self) -> None:
        self._update(self.pop_mark())

    def _update(self, items: list[Any]) -> None:
        check_keys(items[::2])
        self._top(dict).update(zip(items[::2], items[1::2], strict=True))

    def _additems(self) -> None:
        members = self.pop_mark()
        check_keys(members)
        self._top(set).update(members)

    def _frozenset(self) -> None:
        members = self.pop_mark()
        check_keys(members)
        self.append(frozenset(members))

    def _bytearray8(self) -> None:
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(self.read(length))

    def _reduce(self) -> None:
        arguments = self.stack.pop()
        function = self._top(Function)
        if function.call is None or type(arguments) is not tuple:
            raise NotPlainError(f"calls '{function.name}'")
        self.stack[-1] = function.call(*arguments)

    def _build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(state) is not tuple or type(target) not in (Dtype, np.ndarray):
            raise NotPlainError(f"sets attributes of a {type(target).__name__}")
        if type(target) is Dtype:
            target.set_state(state)
        else:
            set_array_state(target, state)


def _counted(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def counted(unpickler: _PlainUnpickler) -> None:
        unpickler.objects += 1
        if unpickler.objects > MOST_OBJECTS:
            raise NotPlainError(f"makes more than {MOST_OBJECTS:,} objects")
        load(unpickler)

    return counted


def _bounded(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def bounded(unpickler: _PlainUnpickler) -> None:
        load(unpickler)
        if not SMALLEST <= unpickler.stack[-1] <= LARGEST:
            raise NotPlainError("has a whole number of more than 64 bits")

    return bounded


def _opcodes() -> _Opcodes:
    pythons = pickle._Unpickler.dispatch

    def code(name: str) -> int:
        return getattr(pickle, name)[0]

    own = _PlainUnpickler
    return _Opcodes(
        {code(name): pythons[code(name)] for name in _PLAIN.split()}
        | {code(name): _counted(pythons[code(name)]) for name in _COUNTED.split()}
        | {code(name): _bounded(pythons[code(name)]) for name in _INTEGERS.split()}
        | {code("APPEND"): own._append, code("APPENDS"): own._appends, code("DICT"): own._dict}
        | {code("SETITEM"): own._setitem, code("SETITEMS"): own._setitems}
        | {code("ADDITEMS"): own._additems, code("FROZENSET"): own._frozenset}
        | {code("BYTEARRAY8"): own._bytearray8, code("REDUCE"): own._reduce}
        | {code("BUILD"): own._build}
    )


_PlainUnpickler.dispatch = _opcodes()
