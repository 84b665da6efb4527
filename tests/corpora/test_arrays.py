import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.corpora import arrays
from ercbench.corpora.arrays import open_npz, read_npy
from ercbench.errors import ErcbenchError

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy(values=VALUES, **header):
    """Returns the bytes of an npy file, its header changed."""
    stream = io.BytesIO()
    described = {**np.lib.format.header_data_from_array_1_0(values), **header}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue() + values.tobytes()


def pickled(values):
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


HOSTILE = {
    "terabytes are claimed": (npy(shape=(10**9, 1000)), "claims an array of 4,000,000,000,000"),
    "more than 64 bits of bytes": (npy(shape=(2**62, 2**62)), "claims an array"),
    "more rows than there are": (npy(shape=(4, 4)), "claims an array of 64 bytes, but 48"),
    "fewer rows than there are": (npy(shape=(2, 4)), "claims an array of 32 bytes, but 48"),
    "negative lengths": (npy(shape=(-3, -4)), "empty array"),
    "rows of nothing without end": (npy(shape=(10**15, 0)), "empty array"),
    "objects": (pickled(np.array([{}, 1])), "object, neither numbers nor text"),
    "structures": (pickled(np.zeros(2, "f4,i4")), "neither numbers nor text"),
    "bfloat16, which numpy cannot name": (npy(descr="|V2", shape=(3, 8)), "neither numbers"),
    "times": (npy(descr="<M8[s]", shape=(3, 2)), "neither numbers nor text"),
    "a text's length in terabytes": (npy(descr="<U500000000"), "cannot be read as npy"),
    "a header that is no dict": (npy().replace(b"{'descr'", b"['descr'"), "cannot be read as npy"),
    "a header in a header": (npy().replace(b"'<f4'", b"[[[[["), "cannot be read as npy"),
    "half a header": (npy()[:40], "cannot be read as npy"),
    "half an array": (npy()[:-7], "claims an array of 48 bytes, but 41"),
    "another version": (npy().replace(b"\x01\x00v", b"\x09\x00v"), "version"),
    "nothing": (b"", "cannot be read as npy"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_array_is_refused_alone_and_in_an_archive(tmp_path, content, message):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ErcbenchError, match=message) as error:
        read_npy(tmp_path / "x.npy")
    assert "x.npy: cannot be read" in str(error.value)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with (
        pytest.raises(ErcbenchError, match=message.replace("npy", "npz")),
        open_npz(tmp_path / "x.npz") as file,
    ):
        file["a"]


def archive_of(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def refused(path, message):
    with pytest.raises(ErcbenchError, match=message), open_npz(path) as file:
        for name in file.names:
            file[name]


def test_an_archive_that_unpacks_without_end_is_refused_before_it_is_unpacked(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(arrays, "_MOST_BYTES", 10_000)
    monkeypatch.setattr(arrays, "_MOST_GROWTH", 2)
    zeros = npy(np.zeros((100, 1000), np.float32))
    refused(archive_of(tmp_path / "x.npz", a=zeros), r"'a' unpacks to 400,128 bytes, too many")
    small = npy(np.zeros((10, 200), np.float32))
    refused(archive_of(tmp_path / "x.npz", a=small, b=small), "'b' unpacks to 8,128 bytes")


def test_zeros_that_were_saved_uncompressed_are_read_whatever_their_number(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_MOST_BYTES", 10_000)
    np.savez(tmp_path / "x.npz", a=np.zeros((100, 1000)))
    with open_npz(tmp_path / "x.npz") as file:
        assert file["a"].shape == (100, 1000)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_arrays_of_one_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", npy())
        archive.writestr("a.npy", npy())
    refused(tmp_path / "x.npz", "the same name")


@pytest.mark.parametrize(("place", "value"), [(6, 1), (8, 77), (8, 12)])
def test_an_archive_that_is_encrypted_or_packed_otherwise_is_refused(tmp_path, place, value):
    content = bytearray(archive_of(tmp_path / "x.npz", a=npy()).read_bytes())
    central = content.index(b"PK\x01\x02")
    content[place] = content[central + place + 2] = value
    (tmp_path / "x.npz").write_bytes(bytes(content))
    refused(tmp_path / "x.npz", "cannot be read as npz")


@given(st.data())
def test_changed_bytes_of_an_archive_never_change_an_array_unnoticed(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    np.savez_compressed(path, a=VALUES)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    try:
        with open_npz(path) as file:
            found = {name: file[name] for name in file.names}
    except ErcbenchError:
        return
    assert all((values == VALUES).all() for values in found.values())


@pytest.mark.parametrize("values", [VALUES, VALUES.T, VALUES.astype(">f8"), np.array(["é", "bc"])])
def test_plain_arrays_come_back_equal(tmp_path, values):
    np.save(tmp_path / "x.npy", values)
    np.testing.assert_array_equal(read_npy(tmp_path / "x.npy"), values)
    np.savez_compressed(tmp_path / "x.npz", a=values, b=values[0])
    with open_npz(tmp_path / "x.npz") as file:
        assert file.names == ["a", "b"]
        np.testing.assert_array_equal(file["a"], values)
