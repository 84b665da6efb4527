"""What was made of recordings before is taken again, and only where it would come out the same."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from answering import train_small
from hypothesis import given
from hypothesis import strategies as st
from small import tone, write_wav

from ercbench.api.run import load_run
from ercbench.commands.prepare import prepare_command
from ercbench.config.compose import compose
from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.data.noisy_recordings import NoisyRecordings
from ercbench.features.encoders import acoustics, cache
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.cache import OutputCache, each
from ercbench.features.encoders.encoder import Item
from ercbench.features.media.clips import UnreadableError
from ercbench.features.media.sound import read_sound


@dataclass
class Loudness:
    """An encoder that counts what it makes."""

    scale: float = 1.0
    made: int = 0
    name, modality, width, fitted_on = "loudness", "audio", 1, ()

    def describe(self):
        return {"encoder": "loudness", "revision": None, "settings": {"scale": self.scale}}

    def encode(self, items):
        return each(self, items, self._vector)

    def _vector(self, item):
        sound = read_sound(item.utterance, 60)
        self.made += 1
        return np.array([self.scale * np.abs(sound).mean()], np.float32)


def item(path):
    return Item(Conversation("c", (Utterance("u", "a", audio=str(path)),)), 0)


def vector_of(encoder, path):
    (vector,) = encoder.encode([item(path)])
    return vector


@pytest.fixture
def recording(tmp_path):
    return write_wav(tmp_path / "one.wav", tone(0.5, 16000, 300), 16000)


def files_of(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_recording_is_encoded_once(recording):
    first, second = Loudness(), Loudness()
    made = vector_of(first, recording)
    np.testing.assert_array_equal(vector_of(second, recording), made)
    assert (first.made, second.made) == (1, 0)


def test_a_recording_is_known_by_its_content_not_by_its_name(recording, tmp_path):
    encoder = Loudness()
    vector_of(encoder, recording)
    vector_of(encoder, shutil.copy(recording, tmp_path / "copy.wav"))
    assert encoder.made == 1
    before = recording.stat()
    write_wav(recording, tone(0.5, 16000, 400) / 2, 16000)
    assert recording.stat().st_size == before.st_size
    vector_of(encoder, recording)
    assert encoder.made == 2


def test_parts_of_a_recording_and_other_settings_have_vectors_of_their_own(recording):
    encoder = Loudness()
    paths = [recording, f"{recording}#t=0,0.1", f"{recording}#t=0.1,0.2"]
    vectors = [vector_of(encoder, path) for path in paths * 2]
    assert encoder.made == 3
    assert vectors[:3] == vectors[3:]
    assert vector_of(Loudness(scale=2.0), recording) == 2 * vectors[0]


def test_noise_is_heard_though_the_clean_recording_is_known(recording):
    encoder = Loudness()
    clean = vector_of(encoder, recording)
    noisy = [vector_of(NoisyRecordings(encoder, ratio, 0), recording) for ratio in (0, 20, 0)]
    assert noisy[0] == noisy[2] > noisy[1] > clean
    assert encoder.made == 3


def test_why_there_is_no_vector_is_found_out_anew(tmp_path, recording):
    encoder = Loudness()
    broken = tmp_path / "later.wav"
    assert vector_of(encoder, broken) == "no file later.wav"
    broken.write_bytes(b"no sound")
    assert vector_of(encoder, broken).startswith("not a readable sound file")
    shutil.copy(recording, broken)
    assert vector_of(encoder, broken).shape == (1,)


def test_what_is_damaged_is_made_again(recording):
    encoder, folder = Loudness(), cache.cache_folder()
    made = vector_of(encoder, recording)
    (file,) = files_of(folder)
    for damaged in (b"", file.read_bytes()[:-2], b"not an array"):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(vector_of(encoder, recording), made)
    assert encoder.made == 4


def test_a_folder_that_cannot_be_written_loses_no_vector(recording, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ERCBENCH_CACHE", str(tmp_path / "file"))
    encoder = Loudness()
    assert vector_of(encoder, recording) == vector_of(encoder, recording)
    said = capsys.readouterr().err
    assert said.count("Set ERCBENCH_CACHE to another folder") == 1
    assert "cannot be written" in said


def test_nothing_is_kept_where_the_folder_has_no_name(recording, monkeypatch, tmp_path):
    monkeypatch.setenv("ERCBENCH_CACHE", "")
    encoder = Loudness()
    assert vector_of(encoder, recording) == vector_of(encoder, recording)
    assert encoder.made == 2
    monkeypatch.delenv("ERCBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    vector_of(encoder, recording)
    assert len(files_of(tmp_path / "caches" / "ercbench")) == 1


def test_what_several_threads_made_is_not_taken_by_one(recording):
    encoder = Loudness()
    torch.set_num_threads(2)
    vector_of(encoder, recording)
    torch.set_num_threads(1)  # as feature stores are made
    vector_of(encoder, recording)
    assert encoder.made == 2
    torch.set_num_threads(3)
    vector_of(encoder, recording)
    assert encoder.made == 2


def test_what_other_code_or_libraries_made_is_not_taken(recording, monkeypatch):
    encoder = Loudness()
    vector_of(encoder, recording)
    known = cache._surroundings("cpu")
    for changed in ("code", "libraries", "processor"):
        monkeypatch.setattr(
            cache, "_surroundings", lambda _, changed=changed: known | {changed: "x"}
        )
        vector_of(encoder, recording)
    assert encoder.made == 4


@given(st.lists(st.sampled_from([np.float32, np.uint8, np.float64]), min_size=1, max_size=3))
def test_arrays_come_back_as_they_were(tmp_path_factory, kinds):
    path = tmp_path_factory.mktemp("sound") / "one"
    path.write_bytes(b"".join(np.dtype(kind).str.encode() for kind in kinds))
    utterance = Utterance("u", "a", audio=str(path))
    for kind in kinds:
        array = np.arange(6, dtype=kind).reshape(2, 3)
        kept = OutputCache({"kind": np.dtype(kind).str})
        for _ in range(2):
            got = kept.get(utterance, ("audio",), lambda array=array: array)
            np.testing.assert_array_equal(got, array, strict=True)


def unheard(*arguments, **settings):
    raise AssertionError("a recording was read again")


def test_prepare_predict_and_another_store_share_what_was_made(tmp_path, monkeypatch):
    run = load_run(train_small(tmp_path, features=("audio",)).folder.path)
    monkeypatch.setattr(acoustics, "read_sound", unheard)
    predicted = run.predict(tmp_path / "tones.csv")
    assert predicted.present["audio"].all()
    settings = [f"root={tmp_path}/tones.csv", "corpus=csv", "audio=mel", "store=again"]
    prepare_command(compose("prepare", [*settings, f"stores={tmp_path}/stores"]))
    first, again = (
        next((tmp_path / "stores" / name).glob("audio.mel*.safetensors")).read_bytes()
        for name in ("tones", "again")
    )
    assert first == again


def test_an_encoder_of_the_whole_corpus_says_why_a_clip_is_missing(recording, tmp_path):
    known, absent = item(recording), item(tmp_path / "absent.wav")
    vectors = MelEncoder(bands=8).encode([known, absent, known])
    assert vectors[1] == "no file absent.wav"
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_what_a_maker_raises_is_not_kept(recording):
    utterance, kept = item(recording).utterance, OutputCache({"maker": "failing"})

    def failing():
        raise UnreadableError("no face in 8 frames")

    for _ in range(2):
        with pytest.raises(UnreadableError, match="no face"):
            kept.get(utterance, ("audio",), failing)
    other = replace(utterance, audio=None)
    assert kept.get(other, ("audio",), lambda: np.ones(1)) == 1
