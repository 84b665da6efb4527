"""Predictions as files, as a table and as a page."""

import csv
import io
import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.evaluation.predicted.files import write_predictions
from ercbench.evaluation.predicted.page import write_page
from ercbench.evaluation.predicted.result import Predicted, Timing
from ercbench.evaluation.predicted.terminal import clock, prediction_table

HOSTILE = """<img src="http://example.invalid/x.png" onerror="document.title='broken'"></script>'"""


@pytest.fixture
def predicted():
    return make_predicted()


def make_predicted(recording="/elsewhere/my talk.mp4", name="talk"):
    texts = ("Hi.", HOSTILE, "", "=1+1")
    parts = [f"{recording}#t={n},{n + 1}" if recording else None for n in range(4)]
    turns = tuple(
        Utterance(f"{name}-{n}", "AB"[n % 2], text, start=float(n), end=n + 1.0, video=part)
        for n, (text, part) in enumerate(zip(texts, parts, strict=True))
    )
    probabilities = np.array([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]])
    present = {"text": np.array([True, True, False, True]), "audio": np.zeros(4, bool)}
    notes = ("audio is missing everywhere: clip has no sound (4).",)
    timing = Timing(1.5, {"text": (3, 0.5)}, 0.01)
    return Predicted(
        name=name,
        model="gru",
        corpus="meld",
        runs=("a", "b"),
        labels=("joy", "sadness"),
        conversations=(Conversation(name, turns),),
        probabilities=probabilities,
        present=present,
        notes=notes,
        timing=timing,
    )


def test_a_shift_is_another_emotion_than_in_the_speaker_s_last_utterance(predicted):
    assert [turn.label for turn in predicted.turns] == ["joy", "sadness", "sadness", "sadness"]
    assert [turn.shifts for turn in predicted.turns] == [False, False, True, False]
    assert predicted.turns[2].before == "joy"


def test_both_files_have_every_probability_of_every_turn(predicted, tmp_path):
    write_predictions(predicted, tmp_path)
    table = pq.read_table(tmp_path / "predictions.parquet").to_pylist()
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == [row["text"] for row in table]
    assert rows[1]["text"] == HOSTILE
    for row, typed, own in zip(rows, table, predicted.probabilities, strict=True):
        assert [typed["p_joy"], typed["p_sadness"]] == own.tolist()
        assert float(row["p_joy"]) == pytest.approx(own[0], abs=1e-6)
        assert float(row["confidence"]) == pytest.approx(own.max(), abs=1e-6)
    assert [row["present"] for row in rows] == ["text", "text", "", "text"]
    assert table[0]["start"] == 0.0


def test_the_terminal_shows_whom_what_and_how_sure(predicted):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(prediction_table(predicted))
    text = console.export_text()
    assert "mean of 2 seeds" in text
    assert re.search(r"0:02\.0.*A.*sadness ↷.*60.*nothing", text)
    console.print(prediction_table(predicted, most=2))
    assert "2 more: out=FOLDER" in console.export_text()
    assert str(predicted.timing) == (
        "start-up: 1.5 s; text: 3 rows in 0.5 s (6.0 rows/s); model: 0.01 s"
    )


@pytest.mark.parametrize(
    ("seconds", "written"), [(None, ""), (0.0, "0:00.0"), (59.96, "1:00.0"), (3661.25, "1:01:01.2")]
)
def test_a_clock_is_read_as_players_show_it(seconds, written):
    assert clock(seconds) == written


def test_the_page_holds_what_was_said_as_text_and_links_the_recording(predicted, tmp_path):
    page = write_page(predicted, tmp_path / "answer").read_text()
    assert "<img" not in page
    assert "&lt;img" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    (own,) = data["conversations"]
    assert own["percent"] == [[70, 30], [20, 80], [40, 60], [10, 90]]
    assert own["files"][0]["name"] == "my talk.mp4"
    assert own["files"][0]["link"].endswith("elsewhere/my%20talk.mp4")
    assert own["files"][0]["link"].startswith("../")


def test_a_page_of_text_alone_has_no_player(tmp_path):
    page = write_page(make_predicted(recording=None), tmp_path).read_text()
    assert '"files": []' in page or '"files":[]' in page
    assert "play and pause" not in page
