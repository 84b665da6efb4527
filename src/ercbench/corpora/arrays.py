"""npy and npz files: what they claim is checked against what is there before it is read."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ercbench.errors import ErcbenchError

# bool, integers, floats, bytes and text of a fixed length.
_SIMPLE = "biufSU"
_HEADERS: dict[Any, Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What a file may unpack to. Zeros shrink a thousand times, and some features are mostly zeros.
_MOST_BYTES, _MOST_GROWTH = 2**28, 64


@contextmanager
def reading(path: Path, form: str) -> Iterator[None]:
    """Tells whatever a library raises on a damaged or hostile file in one line that names it.

    Raises:
        ErcbenchError: Anything was raised.
    """
    try:
        yield
    except ErcbenchError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ErcbenchError(
            f"{path}: cannot be read as {form} ({reason}). Copy it again, or save it as plain "
            "numbers and text."
        ) from None


def most_bytes(path: Path) -> int:
    """Returns to how many bytes a file may unpack."""
    return max(_MOST_BYTES, _MOST_GROWTH * path.stat().st_size)


def read_npy(path: Path) -> np.ndarray:
    """Reads an npy file of numbers or text.

    Raises:
        ErcbenchError: It is damaged, holds something else, or claims more than it holds.
    """
    with reading(path, "npy"), path.open("rb") as stream:
        return _read_array(stream, path.stat().st_size)


class Npz:
    """An npz file, opened: its arrays are read when they are asked for.

    Attributes:
        names: Of its arrays, in the file's order.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        names = archive.namelist()
        self.names = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
        if len(set(self.names)) < len(self.names):
            raise ValueError("two of its arrays have the same name")
        self._archive, self._room = archive, most_bytes(path)

    def __getitem__(self, name: str) -> np.ndarray:
        member = self._archive.getinfo(f"{name}.npy")
        self._room -= member.file_size
        if self._room < 0:
            raise ValueError(
                f"'{name}' unpacks to {member.file_size:,} bytes, too many for a file of this size"
            )
        with self._archive.open(member) as stream:
            return _read_array(stream, member.file_size)


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Opens an npz file of arrays of numbers or text.

    Raises:
        ErcbenchError: It, or an array that is read from it, is damaged, holds something else,
            or claims more than it holds.
    """
    with reading(path, "npz"), zipfile.ZipFile(path) as archive:
        yield Npz(path, archive)


def _read_array(stream: IO[bytes], size: int) -> np.ndarray:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format")
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.kind not in _SIMPLE:
        raise ValueError(f"it holds {dtype}, neither numbers nor text")
    if min(shape, default=1) < 1:
        raise ValueError(f"it holds an empty array of shape {list(shape)}")
    claimed, there = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if claimed != there:
        raise ValueError(f"it claims an array of {claimed:,} bytes, but {there:,} are there")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
