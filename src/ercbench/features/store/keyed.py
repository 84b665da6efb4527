"""Arrays whose rows are keyed by utterance id, from the files that people keep them in."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import deserialize, safe_open

from ercbench.corpora.arrays import open_npz, read_npy, reading
from ercbench.corpora.names import composed
from ercbench.errors import ErcbenchError
from ercbench.features.store.parquet import read_columns

ID_NAMES = ("utterance_id", "utterance", "id", "ids")
VALUE_NAMES = ("features", "values")
# What the field calls a modality.
MODALITIES = {
    **{"text": "text", "language": "text", "audio": "audio", "acoustic": "audio"},
    **{"visual": "visual", "vision": "visual", "video": "visual"},
}
PICKLES = (".pkl", ".pickle", ".p")
SUFFIXES = (".npz", ".npy", ".parquet", ".safetensors", *PICKLES)
# safetensors' names of number types and numpy's.
_NUMPY_TYPES = {
    **{"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4"},
    **{"I64": "<i8", "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?"},
}


@dataclass(frozen=True)
class KeyedArray:
    """Rows with names: `ids`, in NFC, and `values` [N, D], row i belonging to `ids[i]`."""

    ids: tuple[str, ...]
    values: np.ndarray


def read_keyed(path: Path, ids: Path | None = None) -> KeyedArray:
    """Reads features keyed by utterance id.

    What a file claims is checked before memory is given to it.

    Args:
        path: One of
            - npz with the ids in `utterance_id` (or `utterance`, `id`, `ids`) and [N, D] values
              in `features` or `values`; or one [D] array per utterance, called by its id;
            - npy with [N, D] values, its ids in the text file `ids`;
            - parquet with a column of ids (called as above) and one column of lists of D numbers,
              or D columns of numbers;
            - safetensors with one [D] tensor per utterance, called by its id; bfloat16 too.
        ids: For npy: a text file in UTF-8 with an id per line, in the order of the rows.

    Raises:
        ErcbenchError: The file is absent, damaged or of another form; an id is repeated; or
            ids and rows differ in number.
    """
    readers: dict[str, Callable[[], KeyedArray]] = {
        ".npz": lambda: _read_npz(path),
        ".npy": lambda: _read_npy(path, ids),
        ".parquet": lambda: _read_parquet(path),
        ".safetensors": lambda: _read_safetensors(path),
    }
    if path.suffix not in readers or not path.is_file():
        raise ErcbenchError(
            f"{path}: expected an existing file called *{', *'.join(SUFFIXES)}. Correct the path "
            "or convert the file."
        )
    return checked(path, readers[path.suffix]())


def checked(path: Path, keyed: KeyedArray) -> KeyedArray:
    """Returns rows with their ids in NFC.

    Raises:
        ErcbenchError: They are no numbers [N, D], or not one for each id, or an id is repeated.
    """
    keyed = replace(keyed, ids=tuple(map(composed, keyed.ids)))
    _check(path, keyed)
    return keyed


def _read_npz(path: Path) -> KeyedArray:
    with open_npz(path) as file:
        key = next((name for name in ID_NAMES if name in file.names), None)
        if key is None:
            return stacked(path, {name: file[name] for name in file.names})
        values = next((name for name in VALUE_NAMES if name in file.names), None)
        if values is None:
            raise ErcbenchError(
                f"{path}: has ids in '{key}', but its values are in none of "
                f"{', '.join((*VALUE_NAMES, *MODALITIES))}; it holds {', '.join(file.names)}. "
                "Rename the array."
            )
        return KeyedArray(ids_of(path, key, file[key]), file[values])


def _read_npy(path: Path, ids: Path | None) -> KeyedArray:
    if ids is None or not ids.is_file():
        raise ErcbenchError(
            f"{path}: an npy file names no utterances; found ids={ids}. Set ids to a text file "
            "with an utterance id per line, in the order of the rows."
        )
    try:
        lines = ids.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ErcbenchError(f"ids={ids}: not UTF-8 ({error}). Convert it to UTF-8.") from None
    return KeyedArray(tuple(line.strip() for line in lines if line.strip()), read_npy(path))


def _read_parquet(path: Path) -> KeyedArray:
    return KeyedArray(*read_columns(path, ID_NAMES))


def _read_safetensors(path: Path) -> KeyedArray:
    with reading(path, "safetensors"):
        with safe_open(path, framework="numpy"):
            pass  # what the header claims has been checked
        tensors = dict(deserialize(path.read_bytes()))
    rows = {}
    for id, tensor in tensors.items():
        kind, data = tensor["dtype"], tensor["data"]
        if kind == "BF16":
            # The upper half of a float32.
            row = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        elif kind in _NUMPY_TYPES:
            row = np.frombuffer(data, _NUMPY_TYPES[kind])
        else:
            raise ErcbenchError(
                f"{path}: tensor '{id}' is {kind}; expected BF16 or one of "
                f"{', '.join(_NUMPY_TYPES)}. Save it as float32."
            )
        rows[id] = row.reshape(tensor["shape"])
    return stacked(path, rows)


def stacked(path: Path, rows: Mapping[str, np.ndarray]) -> KeyedArray:
    """Stacks [D] rows called by their ids.

    Raises:
        ErcbenchError: They have several widths, or are no vectors.
    """
    shapes = sorted({row.shape for row in rows.values()})
    if len(shapes) != 1 or len(shapes[0]) != 1:
        raise ErcbenchError(
            f"{path}: rows of shapes {shapes[:5]}; expected one vector of the same width per "
            "utterance. Make the features alike."
        )
    return KeyedArray(tuple(rows), np.stack(list(rows.values())))


def ids_of(path: Path, name: str, array: np.ndarray) -> tuple[str, ...]:
    """Returns the ids in an array of a file.

    Raises:
        ErcbenchError: It is no list of texts or whole numbers.
    """
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise ErcbenchError(
            f"{path}: '{name}' has the shape {list(array.shape)} and type {array.dtype}; expected "
            "a list of ids. Save them as text."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    return tuple(map(str, array.tolist()))


def _check(path: Path, keyed: KeyedArray) -> None:
    shape, kind = keyed.values.shape, keyed.values.dtype.kind
    if len(shape) != 2 or kind not in "fiub" or 0 in shape:
        raise ErcbenchError(
            f"{path}: values of shape {list(shape)} and type {keyed.values.dtype}; expected "
            "numbers [utterances, width]. Reduce them to a vector per utterance."
        )
    if len(keyed.ids) != shape[0]:
        raise ErcbenchError(
            f"{path}: {len(keyed.ids)} ids, but {shape[0]} rows; expected one for the other. "
            "Find out which are missing."
        )
    twice = [id for id, count in Counter(keyed.ids).items() if count > 1]
    if twice:
        raise ErcbenchError(
            f"{path}: {len(twice)} utterance id(s) occur more than once: {', '.join(twice[:3])}. "
            "Keep one row for each."
        )
