"""`ercbench predict`: what it prints and writes, and how mistakes end."""

import csv
import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from answering import SENTENCES, train_small, write_talk

from ercbench.commands.predict import predict_command
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("predict")


@pytest.fixture(scope="module")
def run(folder):
    return train_small(folder).folder.path


@pytest.fixture
def talk(tmp_path):
    return write_talk(tmp_path)


def predict(run, **settings):
    given = [f"{name}={value}" for name, value in settings.items()]
    predict_command(compose("predict", [f"run='{run}'", *given]))


def rows_of(out):
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_recording_with_subtitles_leaves_tables_and_a_page(run, talk, tmp_path, capsys):
    recording, transcript = talk
    out = tmp_path / "answer"
    predict(run, input=recording, transcript=transcript, out=out)
    said = capsys.readouterr()
    assert "You got the job?" in said.out
    assert "start-up: " in said.err
    assert "audio: 2 rows in " in said.err
    assert {path.name for path in out.iterdir()} == {
        "index.html",
        "predictions.csv",
        "predictions.parquet",
    }
    assert [row["present"] for row in rows_of(out)] == ["text+audio"] * 3
    assert '"../talk.wav"' in (out / "index.html").read_text()


def test_an_answer_that_is_there_is_left_alone_unless_forced(run, talk, tmp_path):
    out = tmp_path / "answer"
    predict(run, input=talk[1], out=out)
    before = (out / "predictions.csv").read_text()
    (tmp_path / "other.txt").write_text("Hello.\n")
    with pytest.raises(ErcbenchError, match="is there and not empty.*force=true"):
        predict(run, input=tmp_path / "other.txt", out=out)
    assert (out / "predictions.csv").read_text() == before
    predict(run, input=tmp_path / "other.txt", out=out, force="true")
    assert [row["text"] for row in rows_of(out)] == ["Hello."]
    with pytest.raises(ErcbenchError, match="is a file; expected a folder"):
        predict(run, input=talk[1], out=talk[1])


def test_a_run_that_is_none_is_told(run, talk, tmp_path):
    with pytest.raises(ErcbenchError, match="holds no finished run"):
        predict(tmp_path, input=talk[1])
    unfinished = shutil.copytree(run, tmp_path / "unfinished")
    (unfinished / "result.json").unlink()
    with pytest.raises(ErcbenchError, match="holds no finished run.*let it finish"):
        predict(unfinished, input=talk[1])
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "result.json").write_text('{"kind": "encoder", "version": 1}')
    with pytest.raises(ErcbenchError, match="encoder"):
        predict(encoder, input=talk[1])


def test_where_an_encoder_lies_is_read_from_the_settings(run, talk, tmp_path):
    with pytest.raises(ErcbenchError, match="nowhere: neither an encoder .* nor a folder"):
        predict(run, input=talk[1], text=tmp_path / "nowhere")
    with pytest.raises(ErcbenchError, match=r"audio:mel: was made by mel stat.*prosody"):
        predict(run, input=talk[1], audio="prosody")


def test_columns_are_named_as_for_prepare(run, tmp_path):
    (tmp_path / "mine.csv").write_text("Utterance;Speaker\nHi.;Ann\nOh.;Bob\n")
    settings = {"columns.text": "Utterance", "columns.speaker": "Speaker"}
    predict(run, input=tmp_path / "mine.csv", out=tmp_path / "answer", **settings)
    assert [row["speaker"] for row in rows_of(tmp_path / "answer")] == ["Ann", "Bob"]


def test_a_spoken_dialogue_is_predicted_from_its_sound(run, tmp_path):
    if shutil.which("espeak-ng") is None:
        message = "needs Debian's package espeak-ng"
        if os.environ.get("ERCBENCH_REQUIRE_ESPEAK") == "1":
            pytest.fail(message)
        pytest.skip(message)
    parts, lines, at = [], ["start,end,speaker,text"], 0.0
    for number, sentence in enumerate(SENTENCES):
        path = tmp_path / f"{number}.wav"
        voice = ("en+f3", "en+m3")[number % 2]
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, sentence], check=True)
        samples, rate = soundfile.read(path, dtype="float32")
        parts.append(samples)
        end = at + len(samples) / rate
        lines.append(f"{at:.3f},{end:.3f},{'AB'[number % 2]},{sentence}")
        at = end
    soundfile.write(tmp_path / "talk.flac", np.concatenate(parts), rate)
    (tmp_path / "turns.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "answer"
    predict(run, input=tmp_path / "talk.flac", transcript=tmp_path / "turns.csv", out=out)
    assert [row["present"] for row in rows_of(out)] == ["text+audio"] * 4
    assert [row["text"] for row in rows_of(out)] == list(SENTENCES)
