import pickle
from collections import OrderedDict, defaultdict

import numpy as np
import pytest

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


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04]\x94(K\x01"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(ErcbenchError, match=r"x\.pkl: not a whole pickle"):
        read_pickle(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ErcbenchError, match=r"x\.pkl: no such file"):
        read_pickle(tmp_path / "x.pkl")
