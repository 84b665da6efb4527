import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
from hostile_pickles import BUILTINS, all_hostile, array, call, dtype, named, number, raw, text
from hypothesis import given
from hypothesis import strategies as st

from ercbench.corpora.community.pickles import read_pickle
from ercbench.errors import ErcbenchError


class Opens:
    """A pickle of this creates a file when it is loaded by the ordinary means."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def dump(path, content, protocol=4):
    with path.open("wb") as file:
        pickle.dump(content, file, protocol=protocol)
    return path


def read(content):
    """Reads bytes as a pickle; returns None where they are refused as they should be."""
    with NamedTemporaryFile(suffix=".pkl") as file:
        path = Path(file.name)
        path.write_bytes(content)
        try:
            return [read_pickle(path)]
        except ErcbenchError as error:
            message = str(error)
    assert message.startswith(f"{path}: ")
    assert message.endswith(("Copy the file again.", "where you trust it."))
    return None


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_containers_come_back_equal(tmp_path, protocol):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    content = [
        {"a": array, 3: [1, 2.5, "é", None]},
        *({"x"}, frozenset({2}), (True, b"\xff"), np.float64(1.5)),
        *(OrderedDict(k=1), defaultdict(list, k=[1]), np.array(["a", "bc"])),
    ]
    back = read_pickle(dump(tmp_path / "x.pkl", content, protocol))
    np.testing.assert_array_equal(back[0].pop("a"), content[0].pop("a"))
    np.testing.assert_array_equal(back.pop(), content.pop())
    assert back == content


def test_a_pickle_that_would_create_a_file_is_refused_and_creates_none(tmp_path):
    target = tmp_path / "created"
    path = dump(tmp_path / "evil.pkl", [1, Opens(target)])
    with pytest.raises(ErcbenchError, match=r"evil\.pkl.*'(_?io|builtins)\.open'.*not|Nothing"):
        read_pickle(path)
    assert not target.exists()
    with path.open("rb") as file:
        pickle.load(file)[1].close()
    assert target.exists(), "the test's own pickle is harmless, so it shows nothing"


@pytest.mark.parametrize(
    "line",
    [
        *("cos\nsystem\n", "cbuiltins\neval\n", "cbuiltins\ngetattr\n", "cnumpy\nload\n"),
        *("cnumpy.core.multiarray\nfromfile\n", "cpandas.core.frame\nDataFrame\n"),
    ],
)
def test_every_other_global_is_refused_by_name(tmp_path, line):
    path = tmp_path / "x.pkl"
    path.write_bytes(line.encode() + b".")
    with pytest.raises(ErcbenchError) as error:
        read_pickle(path)
    assert ".".join(line[1:].split()) in str(error.value)


def test_only_latin_1_bytes_are_spelt_by_the_codecs_stand_in(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"c_codecs\nencode\n(Vabc\nVzlib\ntR.")
    with pytest.raises(ErcbenchError, match="not a whole pickle"):
        read_pickle(path)


@pytest.mark.parametrize(("kind", "content"), all_hostile().items(), ids=all_hostile())
def test_a_hostile_pickle_is_refused_in_one_line(kind, content):
    assert read(content) is None


def test_hostile_pickles_leave_nothing_behind_for_the_next_file(tmp_path):
    good = [np.arange(3.0), {"a": np.float64(2)}, np.array(["x", None])]
    for content in all_hostile().values():
        read(content)
    (back,) = read(dump(tmp_path / "x.pkl", good).read_bytes())
    np.testing.assert_array_equal(back[0], good[0])
    assert (back[1], back[2].tolist()) == ({"a": 2.0}, ["x", None])


NUMBERS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = NUMBERS | TEXT | st.binary()
CONTENT = st.recursive(
    KEYS | st.frozensets(KEYS) | st.sets(KEYS),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
)
ARRAYS = st.builds(
    lambda kind, order, shape, transposed: (
        np.arange(np.prod(shape)).reshape(shape).astype(order + kind).T
        if transposed
        else np.arange(np.prod(shape)).reshape(shape).astype(order + kind)
    ),
    st.sampled_from(["b1", "i1", "u2", "i8", "f2", "f4", "f8", "S3", "U3"]),
    st.sampled_from("<>"),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.booleans(),
)
PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)


@given(CONTENT, PROTOCOLS)
def test_any_plain_content_comes_back_equal(content, protocol):
    assert read(pickle.dumps(content, protocol)) == [content]


@given(ARRAYS, PROTOCOLS)
def test_any_simple_array_comes_back_equal(values, protocol):
    (back,) = read(pickle.dumps(values, protocol))
    np.testing.assert_array_equal(back, values)
    assert back.dtype.newbyteorder("=") == values.dtype.newbyteorder("=")


WHOLE = pickle.dumps([{"a": np.arange(4.0), "b": [1, 2.5, "é", {"x"}]}, np.array(["p", "qr"])], 4)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4))
def test_a_pickle_with_changed_bytes_is_read_or_refused(changes):
    content = bytearray(WHOLE)
    for place, byte in changes:
        content[place] = byte
    read(bytes(content))


STEPS = [
    *(b"(", b"N", b"\x88", b"]", b"}", b")", b"\x8f", b"a", b"e", b"s", b"u", b"t", b"l", b"d"),
    *(b"\x85", b"\x86", b"\x87", b"\x90", b"\x91", b"\x94", b"h\0", b"h\1", b"R", b"b"),
    *(
        number(0),
        number(-1),
        number(2**40),
        text("f8"),
        text("a"),
        raw(8),
        dtype("f8"),
        dtype("O8"),
    ),
    *(named("numpy.ndarray"), named("numpy.core.multiarray._reconstruct"), named("builtins.set")),
    *(named("numpy.dtype"), array([1], content=raw(8)), call("collections.OrderedDict")),
    *(named(f"builtins.{name}") for name in BUILTINS),
]


@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_any_order_of_steps_is_read_or_refused(steps):
    read(b"".join(steps) + b".")


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04]\x94(K\x01"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(ErcbenchError, match=r"x\.pkl: not a whole pickle"):
        read_pickle(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ErcbenchError, match=r"x\.pkl: no such file"):
        read_pickle(tmp_path / "x.pkl")


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(ErcbenchError, match=f"{tmp_path}: cannot be read"):
        read_pickle(tmp_path)


def test_a_file_of_a_terabyte_of_nothing_is_refused_at_its_first_byte(tmp_path):
    with (tmp_path / "x.pkl").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ErcbenchError, match="byte 0x00 is no opcode"):
        read_pickle(tmp_path / "x.pkl")
