"""One set of features: a safetensors file with values, which rows are present, and their origin."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ercbench.errors import ErcbenchError
from ercbench.features.store.values import ROWS_AT_ONCE
from ercbench.files import replacing

# What every set says of itself.
METADATA = ("encoder", "fitted_on", "manifest_sha256", "values_sha256")


@dataclass(frozen=True)
class FeatureSet:
    """One modality's features by one encoder: `values` [N, D], read as they are asked for.

    Attributes:
        path: The safetensors file.
        modality: Such as `text`.
        name: Such as `minilm`; `modality:name` is how settings call the set.
        width: D.
        present: [N] bool; False where a row could not be made.
        metadata: How it was made (`encoder` and more), `fitted_on` (conversation ids whose labels
            the encoder saw; None where nobody knows) and the SHA-256 of its values and of its
            manifest.
    """

    path: Path
    modality: str
    name: str
    width: int
    present: np.ndarray
    metadata: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The set's name in settings and tables, `modality:name`."""
        return f"{self.modality}:{self.name}"

    @cached_property
    def _values(self) -> Any:
        return safe_open(self.path, framework="numpy").get_slice("values")

    def rows(self, first: int, last: int) -> np.ndarray:
        """Returns the values of rows first..last-1 as [last - first, D] float32."""
        return np.asarray(self._values[first:last], dtype=np.float32)


def read_header(path: Path, key: str) -> FeatureSet:
    """Returns a set as its file says, without reading its values.

    Raises:
        ErcbenchError: The file is no feature file.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get("ercbench", "{}"))
            shape = file.get_slice("values").get_shape()
            present = file.get_tensor("present")
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise _not_whole(path, str(error)) from None
    if not isinstance(metadata, dict) or not set(METADATA) <= metadata.keys():
        raise _not_whole(path, f"its metadata lack one of {', '.join(METADATA)}")
    if len(shape) != 2 or present.shape != (shape[0],) or present.dtype != bool:
        raise _not_whole(path, f"values {list(shape)}, present {list(present.shape)}")
    modality, name = key.split(":", 1)
    return FeatureSet(path, modality, name, shape[1], present, metadata)


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes a safetensors file, whole or not at all.

    Raises:
        ErcbenchError: It cannot be written.
    """
    with replacing(path) as temporary:
        try:
            save_file(dict(tensors), temporary, metadata=dict(metadata))
        except SafetensorError as error:
            number = re.search(r"(.*)\(os error (\d+)\)", str(error))
            raise (OSError(int(number[2]), number[1]) if number else OSError(str(error))) from None


def check_values(features: FeatureSet) -> None:
    """Checks values and `present` against the SHA-256 in the set's own metadata.

    Raises:
        ErcbenchError: They differ.
    """
    try:
        found = sha256_of_values(_stored_values(features), features.present)
    except (SafetensorError, ValueError, TypeError) as error:
        raise _not_whole(features.path, str(error)) from None
    expected = str(features.metadata["values_sha256"])
    if found != expected:
        raise ErcbenchError(
            f"{features.path}: its values are not those that were written (SHA-256 {found[:12]}…, "
            f"expected {expected[:12]}…). Delete it and make it again."
        )


def sha256_of_values(values: Iterable[np.ndarray], present: np.ndarray) -> str:
    """Returns the SHA-256 of the values' bytes, block after block, and of `present`'s."""
    digest = hashlib.sha256()
    for array in chain(values, [present]):
        digest.update(array.data)
    return digest.hexdigest()


def _stored_values(features: FeatureSet) -> Iterator[np.ndarray]:
    """Yields the values block by block, in the type in which they are stored."""
    with safe_open(features.path, framework="numpy") as file:
        values, rows = file.get_slice("values"), len(features.present)
        for first in range(0, rows, ROWS_AT_ONCE):
            yield np.ascontiguousarray(values[first : min(rows, first + ROWS_AT_ONCE)])


def _not_whole(path: Path, why: str) -> ErcbenchError:
    return ErcbenchError(f"{path}: not a whole feature file ({why}). Delete it and make it again.")
