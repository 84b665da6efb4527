"""What is read of a store is what was written: any damaged byte is refused or changes nothing."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import talk

from ercbench.commands.stores import list_stores
from ercbench.console import wide_console
from ercbench.corpora.conversation import Split
from ercbench.errors import ErcbenchError
from ercbench.features.store import checksums
from ercbench.features.store.checksums import CHECKSUMS
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import CORPUS, MANIFEST, find_stores

pytestmark = pytest.mark.filterwarnings("ignore:.*had no checksum")

SET = "text.made.safetensors"
TALK = talk(20)
FIRST, SECOND, *REST = (conversation.id for conversation in TALK.conversations)
SPOKEN = replace(TALK, splits={"official": Split(tuple(REST), (FIRST,), (SECOND,))})
VALUES = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def contents(folder):
    """Everything that a run takes from a store."""
    store = FeatureStore(folder)
    sets = store.select(["text"])
    return (
        repr(store.corpus),
        [(s.key, s.width, dict(s.metadata)) for s in sets],
        [s.present.tolist() for s in sets],
        [s.rows(0, store.count).tobytes() for s in sets],
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "store"
    with FeatureStore.creating(folder, SPOKEN) as made:
        made.add("text", "made", VALUES, encoder="test", fitted_on=[FIRST])
    return folder


@pytest.fixture
def store(original, tmp_path):
    return shutil.copytree(original, tmp_path / "store")


def hashed(monkeypatch):
    """Returns a list that grows by the name of each file that is hashed."""
    names, plain = [], checksums.sha256_of_file
    monkeypatch.setattr(checksums, "sha256_of_file", lambda p: names.append(p.name) or plain(p))
    return names


def age(folder, seconds=10):
    """Makes the files of a store older than the record of their checksums."""
    for path in folder.iterdir():
        if path.name != CHECKSUMS:
            state = path.stat()
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns - seconds * 10**9))


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", [SET, MANIFEST, CORPUS, CHECKSUMS])
def test_a_damaged_byte_is_refused_or_changes_nothing(original, tmp_path_factory, name, recorded):
    expected = contents(original)
    whole = (original / name).read_bytes()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255))
    def check(place, change):
        folder = tmp_path_factory.mktemp("damaged") / "store"
        shutil.copytree(original, folder)
        damaged = bytearray(whole)
        damaged[place] ^= change
        (folder / name).write_bytes(damaged)
        if not recorded:
            (folder / CHECKSUMS).unlink(missing_ok=True)
        wide_console().render_lines(list_stores(folder.parent))
        try:
            found = contents(folder)
        except ErcbenchError:
            return
        # Without checksums, as older versions wrote stores, only what a set says of its values
        # and of its manifest is known.
        compared = slice(None) if recorded or name == CHECKSUMS else slice(2, None)
        assert found[compared] == expected[compared]

    check()


def test_a_file_is_hashed_once(store, monkeypatch):
    contents(store)
    names = hashed(monkeypatch)
    age(store)
    contents(store)
    assert sorted(names) == sorted([CORPUS, MANIFEST, SET])
    contents(store)
    assert len(names) == 3


def test_a_file_as_young_as_its_record_is_hashed_again(store, monkeypatch):
    """Two writes within one tick of the disk's clock look alike."""
    contents(store)
    record, now = store / CHECKSUMS, (store / SET).stat()
    os.utime(record, ns=(now.st_atime_ns, now.st_mtime_ns))
    damaged = bytearray((store / SET).read_bytes())
    damaged[-1] ^= 1
    with (store / SET).open("r+b") as stream:
        stream.write(damaged)
    os.utime(store / SET, ns=(now.st_atime_ns, now.st_mtime_ns))
    with pytest.raises(ErcbenchError, match="damaged or replaced"):
        contents(store)


def test_the_listing_hashes_no_features_and_goes_on_after_a_damaged_store(store, monkeypatch):
    for name in ("corpus", "features", "half"):
        shutil.copytree(store, store.parent / name)
    (store.parent / "corpus" / CORPUS).write_text("[]")
    (store.parent / "features" / SET).write_bytes(b"x" * 100)
    (store.parent / "half" / MANIFEST).unlink()
    names = hashed(monkeypatch)
    listed = list_stores(store.parent)
    stores, about, _, features, _ = ([str(c) for c in column.cells] for column in listed.columns)
    assert stores == ["corpus", "features", "half", "store"]
    assert about[0].startswith("damaged: ")
    assert f"no {MANIFEST}" in about[2]
    assert features[1].startswith("text:made: damaged: ")
    assert features[3] == "text:made [3]"
    assert SET not in names
    assert "half" not in [path.name for path in find_stores(store.parent)]


def test_a_store_that_cannot_be_written_is_read_and_hashed_each_time(store, monkeypatch):
    (store / CHECKSUMS).unlink()
    expected = contents(store)
    (store / CHECKSUMS).unlink()

    def refuse(self, entries):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(checksums.Checksums, "_replace", refuse)
    names = hashed(monkeypatch)
    for _ in range(2):
        assert contents(store) == expected
    assert names.count(SET) == 2
    assert not (store / CHECKSUMS).exists()


def test_a_store_of_an_older_version_is_recorded_with_a_note(store, recwarn):
    (store / CHECKSUMS).unlink()
    with pytest.warns(UserWarning, match=r"text\.made\.safetensors: had no checksum"):
        expected = contents(store)
    recwarn.clear()
    assert contents(store) == expected
    assert not recwarn.list
    assert set(json.loads((store / CHECKSUMS).read_text())) == {CORPUS, MANIFEST, SET}


def test_a_set_that_was_deleted_can_be_made_again(store):
    (store / SET).write_bytes((store / SET).read_bytes()[:-1])
    with pytest.raises(ErcbenchError, match="Delete it and make it again"):
        contents(store)
    (store / SET).unlink()
    values = np.ones_like(VALUES)
    FeatureStore(store).add("text", "made", values, encoder="other", fitted_on=[])
    assert contents(store)[3] == [values.tobytes()]
