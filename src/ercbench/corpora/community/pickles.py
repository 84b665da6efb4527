"""Pickles read without executing anything: numpy arrays and plain containers, nothing else."""

import pickle
from pathlib import Path
from typing import Any, BinaryIO

from ercbench.errors import ErcbenchError

# What rebuilds an array, by module as numpy 1 and numpy 2 call it.
_NUMPY_FUNCTIONS = {
    "multiarray": ("_reconstruct", "scalar"),
    "numeric": ("_frombuffer",),
}
_ALLOWED = {
    **{
        (f"numpy.{core}.{module}", name): (f"numpy._core.{module}", name)
        for core in ("core", "_core")
        for module, names in _NUMPY_FUNCTIONS.items()
        for name in names
    },
    **{("numpy", name): ("numpy", name) for name in ("ndarray", "dtype")},
    **{("collections", name): ("collections", name) for name in ("OrderedDict", "defaultdict")},
    **{
        (module, name): ("builtins", name)
        for module in ("builtins", "__builtin__")
        for name in ("set", "frozenset", "list", "dict", "tuple", "int", "float", "str", "bytes")
    },
}

# What unpickling raises on bytes that are no whole pickle.
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError),
    *(AttributeError, ArithmeticError, ImportError, MemoryError, SystemError),
)


def read_pickle(path: Path) -> Any:
    """Reads a pickle of numpy arrays and plain containers; Python 2's bytes become Latin-1 text.

    Raises:
        ErcbenchError: The file is absent or damaged, or asks for anything else; the message
            names what, and nothing of it has been executed.
    """
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, path).load()
    except FileNotFoundError:
        raise ErcbenchError(f"{path}: no such file. Correct the path.") from None
    except _DAMAGE as error:
        raise ErcbenchError(
            f"{path}: not a whole pickle ({error or 'it ends too early'}). Copy the file again."
        ) from None


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file, encoding="latin1")
        self.path = path

    def find_class(self, module: str, name: str) -> Any:
        """Returns one of the few globals that data needs; refuses every other."""
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        if (module, name) not in _ALLOWED:
            raise ErcbenchError(
                f"{self.path}: asks for '{module}.{name}', which can run code; only numpy arrays "
                "and plain containers are read. Nothing was executed. Have its owner save plain "
                "arrays (npz) instead, or convert it where you trust it."
            )
        return super().find_class(*_ALLOWED[module, name])


def _latin1(text: str, encoding: str) -> bytes:
    """Stands in for `_codecs.encode`, by which old protocols spell bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes in encoding '{encoding}'")
    return text.encode("latin1")
