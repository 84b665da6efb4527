"""The values of a feature set, written block by block, so that no process holds them all."""

import hashlib
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ercbench.errors import ErcbenchError
from ercbench.files import replacing

ROWS_AT_ONCE = 16384
LARGEST = 1e18
_SHA256 = "0" * 64


@dataclass(frozen=True)
class ValueBlocks:
    """Values [N, D] of which only a block of rows need be in memory.

    Attributes:
        shape: N and D.
        dtype: Of every block.
        blocks: Each [n, D]; together N rows, in order. They are gone through once.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Iterable[np.ndarray]

    @classmethod
    def of(cls, values: np.ndarray) -> "ValueBlocks":
        """Returns an array [N, D] as blocks."""
        firsts = range(0, len(values), ROWS_AT_ONCE)
        return cls(values.shape, values.dtype, (values[n : n + ROWS_AT_ONCE] for n in firsts))


@dataclass
class UsableRows:
    """Which rows can be used, found out block by block.

    Attributes:
        key: The set's name, for messages.
        present: [N] bool, False where a row could not be made; of rows that are not finite it
            becomes False.
        broken: How many rows are not finite.
        largest: Of all values, without their sign.
    """

    key: str
    present: np.ndarray
    broken: int = field(default=0, init=False)
    largest: float = field(default=0, init=False)

    def cleaned(self, first: int, block: np.ndarray) -> np.ndarray:
        """Returns a block [n, D] that begins at row `first` with zeros in its unusable rows."""
        finite = np.isfinite(block).all(1)
        sizes = np.maximum(block.max(1, initial=0), -block.min(1, initial=0))
        self.largest = max(self.largest, float(sizes.max(initial=0, where=finite)))
        self.broken += int((~finite).sum())
        present = self.present[first : first + len(block)]
        present &= finite
        if not present.all():
            block = np.where(present[:, None], block, 0).astype(block.dtype)
        return np.ascontiguousarray(block, block.dtype.newbyteorder("<"))

    def check(self, most_missing: float) -> None:
        """Warns of broken rows.

        Raises:
            ErcbenchError: A value is too large, or a larger share of the rows is unusable.
        """
        if self.largest > LARGEST:
            raise ErcbenchError(
                f"Features '{self.key}': hold {self.largest:.3g}; expected values below "
                f"{LARGEST:.0e}, whose squares a float32 holds. Scale them, or mark broken rows "
                "with NaN."
            )
        if self.broken:
            told = f"{self.key}: {self.broken} rows hold NaN or infinity; kept as missing"
            warnings.warn(told, stacklevel=5)
        if (share := 1 - self.present.mean()) > most_missing:
            raise ErcbenchError(
                f"Features '{self.key}': {share:.0%} of the rows are missing or not finite; at "
                f"most {most_missing:.0%} may be. Find out what broke them and make them again; "
                "or, if they are to be missing, allow it: "
                f"most_missing={math.ceil(100 * share) / 100}"
            )


def write_values(
    path: Path,
    values: ValueBlocks,
    usable: UsableRows,
    most_missing: float,
    metadata: Mapping[str, Any],
) -> None:
    """Writes values, present rows and metadata as a safetensors file, whole or not at all.

    Args:
        path: The file.
        values: Gone through once.
        usable: Finds out which rows are.
        most_missing: Above this share of unusable rows nothing is written.
        metadata: Of the set; its `values_sha256` is filled in.

    Raises:
        ErcbenchError: It cannot be written, or the rows are refused.
    """
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(_head(values, {**metadata, "values_sha256": _SHA256}))
        digest = _write_blocks(stream, values, usable)
        usable.check(most_missing)
        stream.write(usable.present.data)
        digest.update(usable.present.data)
        stream.seek(0)
        stream.write(_head(values, {**metadata, "values_sha256": digest.hexdigest()}))


def _write_blocks(stream: BinaryIO, values: ValueBlocks, usable: UsableRows) -> Any:
    digest, first = hashlib.sha256(), 0
    for block in values.blocks:
        block = usable.cleaned(first, block)
        stream.write(block.data)
        digest.update(block.data)
        first += len(block)
    return digest


def _head(values: ValueBlocks, metadata: Mapping[str, Any]) -> bytes:
    """Returns how a safetensors file of `values` and `present` begins."""
    rows, width = values.shape
    size = rows * width * values.dtype.itemsize
    kind = f"{values.dtype.kind.upper()}{8 * values.dtype.itemsize}"  # such as F32
    told = {
        "__metadata__": {"ercbench": json.dumps(metadata)},
        "values": _tensor(kind, [rows, width], 0, size),
        "present": _tensor("BOOL", [rows], size, size + rows),
    }
    head = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head


def _tensor(dtype: str, shape: list[int], first: int, last: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}
