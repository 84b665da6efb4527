"""Anybody's features into a store: arrays whose rows are keyed by utterance id."""

import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import sha256_of_file

ID_NAMES = ("utterance_id", "utterance", "id", "ids")
VALUE_NAMES = ("features", "values")
SUFFIXES = (".npz", ".npy", ".parquet", ".safetensors")


@dataclass(frozen=True)
class KeyedArray:
    """Rows with names: `ids` and `values` [N, D], row i belonging to `ids[i]`."""

    ids: tuple[str, ...]
    values: np.ndarray


def import_features(
    store: FeatureStore,
    modality: str,
    name: str,
    path: Path,
    fitted_on: list[str] | None = None,
    ids: Path | None = None,
) -> FeatureSet:
    """Adds the features in a file to a store, matched by utterance id.

    Utterances without a row, or whose row holds NaN or infinity, become missing. Warnings count
    and name the ids that match nothing on either side.

    Args:
        store: Where they go.
        modality: Such as `audio`.
        name: Distinguishes the sets of one modality.
        path: See `read_keyed`.
        fitted_on: Conversations whose labels the encoder saw; None: nobody knows.
        ids: See `read_keyed`.

    Raises:
        ErcbenchError: The file cannot be read, no id matches, or more than 20 % of the
            utterances would be missing.
    """
    keyed = read_keyed(path, ids)
    wanted = [utterance.id for utterance in store.corpus.utterances()]
    row_of = {id: row for row, id in enumerate(keyed.ids)}
    present = np.array([id in row_of for id in wanted])
    _report(path, keyed, wanted)
    values = np.zeros((len(wanted), keyed.values.shape[1]), dtype=np.float32)
    values[present] = keyed.values[[row_of[id] for id in wanted if id in row_of]]
    return store.add(
        modality,
        name,
        values,
        encoder="imported",
        fitted_on=fitted_on,
        present=present,
        source=path.name,
        sha256=sha256_of_file(path),
    )


def read_keyed(path: Path, ids: Path | None = None) -> KeyedArray:
    """Reads features keyed by utterance id.

    Args:
        path: One of
            - npz with the ids in `utterance_id` (or `utterance`, `id`, `ids`) and [N, D] values
              in `features` or `values`; or one [D] array per utterance, called by its id;
            - npy with [N, D] values, its ids in the text file `ids`;
            - parquet with a column of ids (called as above) and one column of lists of D numbers,
              or D columns of numbers;
            - safetensors with one [D] tensor per utterance, called by its id.
        ids: For npy: a text file with an id per line, in the order of the rows.

    Raises:
        ErcbenchError: The file is absent, damaged or of another form; an id is repeated; or
            ids and rows differ in number.
    """
    readers: dict[str, Callable[[], KeyedArray]] = {
        ".npz": lambda: _read_npz(path),
        ".npy": lambda: _read_npy(path, ids),
        ".parquet": lambda: _read_parquet(path),
        ".safetensors": lambda: _stacked(path, load_file(path)),
    }
    if path.suffix not in readers or not path.is_file():
        raise ErcbenchError(
            f"{path}: expected an existing file called *{', *'.join(SUFFIXES)}. Correct the path "
            "or convert the file."
        )
    try:
        keyed = readers[path.suffix]()
    except (
        OSError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        SafetensorError,
        pa.ArrowException,
    ) as error:
        raise ErcbenchError(
            f"{path}: cannot be read as {path.suffix[1:]} ({error}). Save it again, as plain "
            "numbers and text."
        ) from None
    _check(path, keyed)
    return keyed


def _read_npz(path: Path) -> KeyedArray:
    with np.load(path, allow_pickle=False) as file:
        key = next((name for name in ID_NAMES if name in file.files), None)
        if key is None:
            return _stacked(path, {name: file[name] for name in file.files})
        values = next((name for name in VALUE_NAMES if name in file.files), None)
        if values is None:
            raise ErcbenchError(
                f"{path}: has ids in '{key}', but its values are in none of "
                f"{', '.join(VALUE_NAMES)}; it holds {', '.join(file.files)}. Rename the array."
            )
        return KeyedArray(_names(file[key]), file[values])


def _read_npy(path: Path, ids: Path | None) -> KeyedArray:
    if ids is None or not ids.is_file():
        raise ErcbenchError(
            f"{path}: an npy file names no utterances; found ids={ids}. Set ids to a text file "
            "with an utterance id per line, in the order of the rows."
        )
    names = tuple(line.strip() for line in ids.read_text().splitlines() if line.strip())
    return KeyedArray(names, np.load(path, allow_pickle=False))


def _read_parquet(path: Path) -> KeyedArray:
    table = pq.read_table(path)
    key = next((name for name in ID_NAMES if name in table.column_names), None)
    if key is None:
        raise ErcbenchError(
            f"{path}: none of its columns ({', '.join(table.column_names[:5])} ...) is called "
            f"{', '.join(ID_NAMES)}. Rename the column of utterance ids."
        )
    names, rest = tuple(map(str, table[key].to_pylist())), table.drop_columns([key])
    if rest.num_columns == 1 and pa.types.is_list(rest.schema[0].type):
        return _stacked(path, dict(zip(_unique(path, names), rest[0].to_pylist(), strict=True)))
    columns = [column.to_numpy() for column in rest.columns]
    return KeyedArray(names, np.stack(columns, axis=1).astype(np.float32))


def _stacked(path: Path, rows: Mapping[str, np.ndarray]) -> KeyedArray:
    """Stacks [D] rows called by their ids."""
    widths = Counter(np.shape(row) for row in rows.values())
    if len(widths) != 1 or len(next(iter(widths))) != 1:
        raise ErcbenchError(
            f"{path}: rows of shapes {sorted(widths)[:5]}; expected one vector of the same width "
            "per utterance. Make the features alike."
        )
    return KeyedArray(tuple(rows), np.stack([np.asarray(r, np.float32) for r in rows.values()]))


def _names(array: np.ndarray) -> tuple[str, ...]:
    return tuple(str(id) for id in array.tolist())


def _unique(path: Path, ids: tuple[str, ...]) -> tuple[str, ...]:
    twice = [id for id, count in Counter(ids).items() if count > 1]
    if twice:
        raise ErcbenchError(
            f"{path}: {len(twice)} utterance id(s) occur more than once: {', '.join(twice[:3])}. "
            "Keep one row for each."
        )
    return ids


def _check(path: Path, keyed: KeyedArray) -> None:
    shape, kind = keyed.values.shape, keyed.values.dtype.kind
    if len(shape) != 2 or kind not in "fiu":
        raise ErcbenchError(
            f"{path}: values of shape {list(shape)} and type {keyed.values.dtype}; expected "
            "numbers [utterances, width]. Reduce them to a vector per utterance."
        )
    if len(keyed.ids) != shape[0]:
        raise ErcbenchError(
            f"{path}: {len(keyed.ids)} ids, but {shape[0]} rows; expected one for the other. "
            "Find out which are missing."
        )
    _unique(path, keyed.ids)


def _report(path: Path, keyed: KeyedArray, wanted: list[str]) -> None:
    """Warns of ids that match nothing; refuses a file of which nothing matches."""
    strange = sorted(set(keyed.ids) - set(wanted))
    lacking = sorted(set(wanted) - set(keyed.ids))
    if len(lacking) == len(wanted):
        raise ErcbenchError(
            f"{path}: none of its {len(keyed.ids)} ids ({', '.join(keyed.ids[:3])} ...) is in the "
            f"manifest ({', '.join(wanted[:3])} ...). Key the rows by the manifest's utterance ids."
        )
    for ids, what in ((strange, "rows match no utterance"), (lacking, "utterances have no row")):
        if ids:
            rest = " ..." if len(ids) > 5 else ""
            warnings.warn(f"{path}: {len(ids)} {what}: {', '.join(ids[:5])}{rest}", stacklevel=3)
