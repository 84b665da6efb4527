"""What could not be read is tried again when its recording is there, and only then."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.extraction import extract
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.shards import merge_shards

FILE = "audio.loudness.safetensors"
REPORT = "audio.loudness.missing.csv"
CHUNKS = extraction_settings(chunk=5)
ROWS = 20


@dataclass(frozen=True)
class Loudness:
    """Reads numbers instead of sound; a vector also knows what it was encoded with."""

    log: str = os.devnull
    name: str = "loudness"
    modality: str = "audio"
    width: int = 2
    fitted_on: tuple = ()

    def describe(self):
        return {"encoder": "loudness"}

    def encode(self, items):
        with Path(self.log).open("a") as stream:
            stream.write(f"{items[0].utterance.id} ")
        return [self._vector(item, len(items)) for item in items]

    def _vector(self, item, together):
        path = Path(item.utterance.audio)
        if not path.is_file():
            return f"no file {path.name}"
        if path.read_text() == "broken":
            return "not a readable sound file"
        return np.array([float(path.read_text()), together], np.float32)


@pytest.fixture
def recorded(tmp_path):
    """Returns a new store, of which the given rows have no recording."""

    def make(name, without=()):
        sounds = tmp_path / "sounds"
        sounds.mkdir(exist_ok=True)
        turns = []
        for row in range(ROWS):
            path = sounds / f"{row}.txt"
            turns.append(Utterance(f"u{row}", "x", audio=str(path)))
            path.unlink(missing_ok=True)
            if row not in without:
                path.write_text(str(row))
        corpus = Corpus("sounds", ("a",), (Conversation("c", tuple(turns)),), {})
        with FeatureStore.creating(tmp_path / name, corpus):
            pass
        return FeatureStore(tmp_path / name)

    return make


@pytest.fixture
def undisturbed(recorded):
    """The bytes that are made when everything is there at once."""
    store = recorded("undisturbed")
    extract(store, Loudness(), CHUNKS)
    return (store.folder / FILE).read_bytes()


def bring(tmp_path, rows, content=None):
    for row in rows:
        (tmp_path / "sounds" / f"{row}.txt").write_text(content or str(row))


def test_recordings_that_come_after_a_refusal_are_read(recorded, undisturbed, tmp_path):
    store = recorded("store", without=range(10))
    with pytest.raises(ErcbenchError, match="50% of the rows are missing"):
        extract(store, Loudness(), CHUNKS)
    with pytest.raises(ErcbenchError, match="50% of the rows are missing"):
        extract(store, Loudness(), CHUNKS)
    bring(tmp_path, range(10))
    extract(store, Loudness(), CHUNKS)
    assert (store.folder / FILE).read_bytes() == undisturbed
    assert not (store.folder / REPORT).exists()
    assert not list(store.folder.glob(".parts-*"))


def test_a_finished_set_gets_the_rows_whose_recordings_have_come(recorded, undisturbed, tmp_path):
    store, log = recorded("store", without=(6, 13)), tmp_path / "log"
    assert (~extract(store, Loudness(), CHUNKS).present).nonzero()[0].tolist() == [6, 13]
    bring(tmp_path, [13])
    again = extract(store, Loudness(str(log)), CHUNKS)
    assert (~again.present).nonzero()[0].tolist() == [6]
    assert log.read_text().split() == ["u10"]
    assert "u6,no file 6.txt,0" in (store.folder / REPORT).read_text()
    bring(tmp_path, [6])
    extract(store, Loudness(), CHUNKS)
    assert (store.folder / FILE).read_bytes() == undisturbed


def test_a_broken_recording_is_tried_again_when_it_was_mended(recorded, undisturbed, tmp_path):
    store, log = recorded("store"), tmp_path / "log"
    bring(tmp_path, [7], "broken")
    extract(store, Loudness(), CHUNKS)
    extract(store, Loudness(str(log)), CHUNKS)
    assert not log.exists()
    bring(tmp_path, [7])
    extract(store, Loudness(str(log)), CHUNKS)
    assert log.read_text().split() == ["u5"]
    assert (store.folder / FILE).read_bytes() == undisturbed


def test_a_set_without_its_report_stays_as_it_is(recorded, tmp_path):
    store, log = recorded("store", without=(6,)), tmp_path / "log"
    extract(store, Loudness(), CHUNKS)
    (store.folder / REPORT).unlink()
    bring(tmp_path, [6])
    assert not extract(store, Loudness(str(log)), CHUNKS).present[6]
    assert not log.exists()


def test_a_shard_that_failed_is_done_again(recorded, undisturbed, tmp_path):
    store = recorded("store", without=range(5, 10))
    shards = [extraction_settings(chunk=5, shard=f"{which}/2") for which in (1, 2)]
    for shard in shards:
        extract(store, Loudness(), shard)
    with pytest.raises(ErcbenchError, match="25% of the rows are missing"):
        merge_shards(store, [], 0.2)
    bring(tmp_path, range(5, 10))
    for shard in shards:
        extract(store, Loudness(), shard)
    merge_shards(store, [], 0.2)
    assert (store.folder / FILE).read_bytes() == undisturbed
