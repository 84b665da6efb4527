"""Tables of features in parquet: a column of utterance ids, and numbers in columns or in lists."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ercbench.corpora.arrays import most_bytes, reading
from ercbench.errors import ErcbenchError

_BYTES_OF_A_VALUE = 8


def read_columns(path: Path, id_names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Reads the ids and values [N, D] of a table.

    Args:
        path: The file; its values are one column of lists (of any kind) of D numbers, or D columns
            of numbers.
        id_names: What the column of ids may be called.

    Raises:
        ErcbenchError: The file is damaged, claims more than such a file can hold, has no ids, or
            its other columns are no numbers.
    """
    with reading(path, "parquet"):
        metadata = pq.read_metadata(path)
        check_claims(path, metadata)
        schema = metadata.schema.to_arrow_schema()
        key = _id_column(path, schema, id_names)
        _check_types(path, schema, key)
        table = pq.read_table(path, read_dictionary=[key], page_checksum_verification=True)
        return _ids(table[key]), _values(path, table.drop_columns([key]))


def check_claims(path: Path, metadata: pq.FileMetaData) -> None:
    """Checks what a file claims to hold against its size, before memory is given to it.

    Raises:
        ValueError: It claims more than such a file can hold.
    """
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    values = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    rows = sum(group.num_rows for group in groups) * metadata.num_columns
    claimed = _BYTES_OF_A_VALUE * max(values, rows, metadata.num_rows)
    if claimed > most_bytes(path):
        raise ValueError(f"it claims {claimed:,} bytes of values, too many for a file of this size")


def _id_column(path: Path, schema: pa.Schema, id_names: Sequence[str]) -> str:
    key = next((name for name in id_names if name in schema.names), None)
    if key is None:
        raise ErcbenchError(
            f"{path}: none of its columns ({', '.join(schema.names[:5])} ...) is called "
            f"{', '.join(id_names)}. Rename the column of utterance ids."
        )
    return key


def _check_types(path: Path, schema: pa.Schema, key: str) -> None:
    columns = [field for field in schema if field.name != key]
    single = len(columns) == 1 and _is_list(columns[0].type)
    if pa.types.is_nested(schema.field(key).type):
        raise ErcbenchError(
            f"{path}: column '{key}' holds {schema.field(key).type}; expected ids. Save them as "
            "text."
        )
    for field in columns:
        if not _is_number(field.type.value_type if single else field.type):
            raise ErcbenchError(
                f"{path}: column '{field.name}' holds {field.type}; expected columns of numbers, "
                "or a single one of lists of numbers. Convert it or leave it out."
            )
    if not columns:
        raise ErcbenchError(f"{path}: has no column beside '{key}'. Add the values.")


def _is_list(kind: pa.DataType) -> bool:
    of = pa.types
    return of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind)


def _is_number(kind: pa.DataType) -> bool:
    of = pa.types
    return of.is_floating(kind) or of.is_integer(kind) or of.is_boolean(kind) or of.is_decimal(kind)


def _ids(column: pa.ChunkedArray) -> tuple[str, ...]:
    """Returns the ids; each is made once, however often the file repeats it."""
    ids: list[str] = []
    for chunk in column.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        if encoded.null_count:
            raise ValueError("a row has no id")
        words = [str(id) for id in encoded.dictionary.to_pylist()]
        ids += [words[index] for index in encoded.indices.to_pylist()]
    return tuple(ids)


def _values(path: Path, table: pa.Table) -> np.ndarray:
    if not _is_list(table.schema[0].type):
        columns = [column.to_numpy() for column in table.columns]
        return np.stack(columns, axis=1).astype(np.float32)
    (column,) = table.columns
    widths = pc.list_value_length(column).unique().to_pylist()
    if len(widths) != 1 or not widths[0]:
        found = ", ".join("none" if width is None else str(width) for width in widths[:5])
        raise ErcbenchError(
            f"{path}: rows of widths {found}; expected one vector of the same width per utterance. "
            "Make the features alike."
        )
    numbers = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    return np.concatenate(numbers).astype(np.float32).reshape(-1, widths[0])
