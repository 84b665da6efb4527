import json
from struct import pack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from ercbench.corpora import arrays
from ercbench.errors import ErcbenchError
from ercbench.features.store.keyed import read_keyed

IDS = [f"c{i // 3}-{i % 3}" for i in range(30)]
VALUES = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
LISTS = [row.tolist() for row in VALUES]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"id": IDS[:29], "values": VALUES}, "29 ids, but 30 rows"),
        ({"id": [*IDS[:29], IDS[0]], "values": VALUES}, "occur more than once: c0-0"),
        ({"id": IDS, "values": VALUES[:, 0]}, r"shape \[30\]"),
        ({"id": IDS, "values": np.array(IDS)[:, None]}, "type <U"),
        ({"id": IDS, "mel": VALUES}, "in none of features, values, .*; it holds id, mel"),
        ({"a": VALUES[0], "b": VALUES[0, :2]}, "expected one vector of the same width"),
        ({"id": np.array(IDS, dtype=object), "values": VALUES}, "cannot be read as npz"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.raises(ErcbenchError, match=message) as error:
        read_keyed(tmp_path / "f.npz")
    assert "f.npz" in str(error.value)


def test_a_table_without_ids_is_refused(tmp_path):
    pq.write_table(pa.table({"name": IDS}), tmp_path / "f.parquet")
    with pytest.raises(ErcbenchError, match=r"none of its columns .*utterance_id"):
        read_keyed(tmp_path / "f.parquet")


def test_an_npy_file_needs_its_ids(tmp_path):
    np.save(tmp_path / "f.npy", VALUES)
    with pytest.raises(ErcbenchError, match="Set ids to a text file"):
        read_keyed(tmp_path / "f.npy")


@pytest.mark.parametrize("kind", ["npz", "parquet", "safetensors"])
def test_a_damaged_file_is_named(tmp_path, kind):
    (tmp_path / f"f.{kind}").write_bytes(b"no such format")
    with pytest.raises(ErcbenchError, match=f"cannot be read as {kind}"):
        read_keyed(tmp_path / f"f.{kind}")


@pytest.mark.parametrize("name", ["f.npz", "f.csv"])
def test_an_absent_or_foreign_file_is_named(tmp_path, name):
    with pytest.raises(ErcbenchError, match=f"{name}: expected an existing file called"):
        read_keyed(tmp_path / name)


def test_ids_as_bytes_are_text(tmp_path):
    np.savez(tmp_path / "f.npz", id=np.array(IDS, dtype="S"), values=VALUES)
    assert read_keyed(tmp_path / "f.npz").ids == tuple(IDS)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_line_of_the_ids_counts_with_a_byte_order_mark_or_without(tmp_path, mark, end):
    np.save(tmp_path / "f.npy", VALUES)
    (tmp_path / "f.txt").write_bytes((mark + end.join(IDS)).encode())
    assert read_keyed(tmp_path / "f.npy", tmp_path / "f.txt").ids == tuple(IDS)


def test_ids_in_another_encoding_are_named(tmp_path):
    np.save(tmp_path / "f.npy", VALUES)
    (tmp_path / "f.txt").write_bytes("\n".join(IDS).encode("utf-16"))
    with pytest.raises(ErcbenchError, match=r"ids=.*f\.txt: not UTF-8"):
        read_keyed(tmp_path / "f.npy", tmp_path / "f.txt")


@pytest.mark.parametrize(
    "kind", [torch.bfloat16, torch.float16, torch.float64, torch.int32, torch.uint8]
)
def test_tensors_of_any_number_type_are_read_exactly(tmp_path, kind):
    tensors = {
        id: torch.tensor(100 * row).abs().to(kind) for id, row in zip(IDS, VALUES, strict=True)
    }
    save_file(tensors, tmp_path / "f.safetensors")
    keyed = read_keyed(tmp_path / "f.safetensors")
    expected = np.stack([tensors[id].double().numpy() for id in keyed.ids])
    np.testing.assert_array_equal(keyed.values.astype(np.float64), expected)


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64])
def test_tensors_of_other_types_are_named(tmp_path, kind):
    save_file({id: torch.ones(4).to(kind) for id in IDS}, tmp_path / "f.safetensors")
    with pytest.raises(ErcbenchError, match=r"tensor 'c\d-\d' is [FC]\d.*Save it as float32"):
        read_keyed(tmp_path / "f.safetensors")


def of_header(header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return pack("<Q", len(text)) + text + bytes(16)


@pytest.mark.parametrize(
    "content",
    [
        pack("<Q", 2**62) + b"{}",
        of_header({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}),
        of_header({"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 16]}}),
        of_header({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}),
        of_header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]}}),
        of_header({"a": {"dtype": "what", "shape": [4], "data_offsets": [0, 16]}}),
        of_header(b'{"a":' + 10_000 * b"[" + 10_000 * b"]" + b"}"),
    ],
)
def test_a_header_that_claims_what_is_not_there_is_refused(tmp_path, content):
    (tmp_path / "f.safetensors").write_bytes(content)
    with pytest.raises(ErcbenchError, match="cannot be read as safetensors"):
        read_keyed(tmp_path / "f.safetensors")


COLUMNS = {
    "list": pa.array(LISTS, pa.list_(pa.float32())),
    "large_list": pa.array(LISTS, pa.large_list(pa.float32())),
    "fixed_size_list": pa.array(LISTS, pa.list_(pa.float32(), 4)),
    "list of doubles": pa.array(LISTS, pa.list_(pa.float64())),
}


@pytest.mark.parametrize("rows_together", [30, 7])
@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_lists_of_any_kind_are_rows(tmp_path, column, rows_together):
    table = pa.table({"id": IDS, "v": column})
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=rows_together)
    keyed = read_keyed(tmp_path / "f.parquet")
    assert keyed.ids == tuple(IDS)
    np.testing.assert_array_equal(keyed.values, VALUES)


def test_numbers_that_are_absent_are_nan(tmp_path):
    pq.write_table(pa.table({"id": ["a", "b"], "x": [1, None]}), tmp_path / "f.parquet")
    np.testing.assert_array_equal(read_keyed(tmp_path / "f.parquet").values, [[1], [np.nan]])
    pq.write_table(pa.table({"id": ["a", "b"], "x": [[1.5], [None]]}), tmp_path / "f.parquet")
    np.testing.assert_array_equal(read_keyed(tmp_path / "f.parquet").values, [[1.5], [np.nan]])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": pa.array(IDS)}, "column 'a' holds string; expected columns of numbers"),
        ({"a": pa.array([{"x": 1.0}] * 30)}, "column 'a' holds struct<x: double>"),
        ({"a": pa.array([[["x"]]] * 30)}, "column 'a' holds list<"),
        ({"a": pa.array([["x"]] * 30)}, "column 'a' holds list<"),
        ({"a": COLUMNS["list"], "b": VALUES[:, 0]}, "column 'a' holds list<"),
        ({"a": pa.array([0] * 30, pa.timestamp("s"))}, "column 'a' holds timestamp"),
        ({"a": pa.array([b"x"] * 30)}, "column 'a' holds binary"),
        ({"a": pa.array([None] * 30)}, "column 'a' holds"),
        ({}, "has no column beside 'id'"),
        ({"a": pa.array([*LISTS[:-1], None])}, "rows of widths 4, none"),
        ({"a": pa.array([*LISTS[:-1], [1.0]])}, "rows of widths 4, 1"),
        ({"a": pa.array([[]] * 30, pa.list_(pa.float32()))}, "rows of widths 0"),
        ({"id": pa.array([*IDS[:-1], None]), "a": VALUES[:, 0]}, "a row has no id"),
        ({"id": pa.array([IDS] * 30), "a": VALUES[:, 0]}, "column 'id' holds list<"),
    ],
)
def test_columns_that_are_no_features_are_named(tmp_path, columns, message):
    pq.write_table(pa.table({"id": IDS} | columns), tmp_path / "f.parquet")
    with pytest.raises(ErcbenchError, match=message) as error:
        read_keyed(tmp_path / "f.parquet")
    assert "f.parquet" in str(error.value)


def test_a_table_that_claims_more_than_such_a_file_can_hold_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_MOST_BYTES", 10_000)
    rows = 100_000
    pq.write_table(pa.table({"id": np.arange(rows), "a": np.zeros(rows)}), tmp_path / "f.parquet")
    monkeypatch.setattr(arrays, "_MOST_GROWTH", 1)
    with pytest.raises(ErcbenchError, match="claims 1,600,000 bytes of values"):
        read_keyed(tmp_path / "f.parquet")


def test_a_long_id_that_is_repeated_is_held_once(tmp_path):
    repeated = pa.table({"id": ["x" * 100_000] * 10_000, "a": np.zeros(10_000)})
    pq.write_table(repeated, tmp_path / "f.parquet")
    with pytest.raises(ErcbenchError, match="occur more than once"):
        read_keyed(tmp_path / "f.parquet")
