"""What Whisper hears becomes the text of turns, by the real pipeline on a model made here."""

import numpy as np
import pytest
from small import tone, write_wav
from tiny import save_whisper

from ercbench.corpora.recordings.given import read_given
from ercbench.errors import ErcbenchError
from ercbench.features.encoders import pretrained
from ercbench.features.media.transcription import transcribed


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    return str(save_whisper(tmp_path_factory.mktemp("models") / "whisper-tiny"))


def test_a_recording_without_a_transcript_becomes_a_turn_per_segment(whisper, tmp_path):
    talk = write_wav(tmp_path / "talk.wav", tone(3.0, 16000), 16000)
    found = transcribed(read_given(talk), whisper)
    (turn,) = found.utterances()
    assert (turn.text, turn.start, turn.end) == ("hello there", 0.0, 1.0)
    assert turn.audio == f"{talk}#t=0,1"
    assert found.notes[0].endswith("whisper-tiny heard; it may be wrong.")


def test_longer_recordings_than_whisper_s_window_are_heard_to_their_end(whisper, tmp_path):
    talk = write_wav(tmp_path / "talk.wav", tone(65.0, 16000), 16000)
    turns = transcribed(read_given(talk), whisper).utterances()
    assert [turn.text for turn in turns] == ["hello there"] * 3
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)
    assert turns[-1].start >= 50


def test_clips_get_their_text_and_those_that_have_one_keep_it(whisper, tmp_path):
    for name in "ab":
        write_wav(tmp_path / f"{name}.wav", tone(1.0, 16000), 16000)
    (tmp_path / "mine.csv").write_text("audio,text\na.wav,Hi.\nb.wav,\ngone.wav,\n")
    found = transcribed(read_given(tmp_path / "mine.csv"), whisper, language="de")
    assert [turn.text for turn in found.utterances()] == ["Hi.", "hello there", ""]


def test_what_cannot_be_heard_is_told(whisper, tmp_path, monkeypatch):
    (tmp_path / "talk.txt").write_text("Hi.\n")
    with pytest.raises(ErcbenchError, match="no recording whose text is missing"):
        transcribed(read_given(tmp_path / "talk.txt"), whisper)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip")
    with pytest.raises(ErcbenchError, match=r"heard nothing in .*broken\.mp4.*transcript=FILE"):
        transcribed(read_given(broken), whisper)
    talk = write_wav(tmp_path / "talk.wav", np.zeros((16000, 1), np.float32), 16000)
    monkeypatch.setattr(pretrained, "_snapshot", lambda *_, **__: None)
    with pytest.raises(ErcbenchError, match=r"whisper-base at e37978b90ca9.*transcribe=FOLDER"):
        transcribed(read_given(talk), "whisper")
    with pytest.raises(ErcbenchError, match="no such folder"):
        transcribed(read_given(talk), str(tmp_path / "nowhere"))
