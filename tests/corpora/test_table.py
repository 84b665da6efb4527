import csv
import json

import pytest

from ercbench.corpora.table.read import OPTIONAL, REQUIRED, read_table
from ercbench.errors import ErcbenchError

ROWS = [
    ["a", "a0", "Ann", "Hello, you.", "glad", "train", "0.5", "1", "2.5", "a0.wav", ""],
    ["b", "b0", "Bob", "Oh.", "", "dev", "", "", "", "", "b0.mp4"],
    ["a", "a1", "Bob", "Hi.", "calm", "train", "", "", "", "", ""],
    ["c", "c0", "Cat", "Ähm \u2026", "calm", "test", "", "", "", "", ""],
]
COLUMNS = [*REQUIRED, *OPTIONAL]


def write(path, rows=ROWS, columns=COLUMNS):
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])
    else:
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        path.write_text("\n".join(json.dumps(o) for o in objects) + "\n", encoding="utf-8")
    return path


def changed(row, **values):
    rows = [list(r) for r in ROWS]
    for name, value in values.items():
        rows[row][COLUMNS.index(name)] = value
    return rows


@pytest.fixture(params=["mine.csv", "mine.jsonl"])
def path(tmp_path, request):
    return tmp_path / request.param


def test_a_table_is_a_corpus(path):
    corpus = read_table(write(path))
    assert (corpus.name, corpus.labels) == ("mine", ("calm", "glad"))
    assert [[u.id for u in c.utterances] for c in corpus.conversations] == [
        *(["a0", "a1"], ["b0"], ["c0"])
    ]
    assert [list(ids) for ids in corpus.split("given").parts().values()] == [["a"], ["b"], ["c"]]
    first, _, unlabelled, last = corpus.utterances()
    assert (first.score, first.start, first.end) == (0.5, 1, 2.5)
    assert first.audio == str(path.parent / "a0.wav")
    assert (unlabelled.label, last.text) == (None, "Ähm \u2026")


def test_both_formats_give_equal_conversations(tmp_path):
    tables = [read_table(write(tmp_path / f"mine.{kind}")) for kind in ("csv", "jsonl")]
    assert tables[0].conversations == tables[1].conversations


def test_columns_may_have_other_names_and_optional_ones_be_absent(path):
    names = ["dialogue", "turn", "speaker", "words", "emotion", "split"]
    write(path, [row[:6] for row in ROWS], names)
    columns = {"conversation": "dialogue", "utterance": "turn", "text": "words", "label": "emotion"}
    corpus = read_table(path, columns)
    assert [u.label for u in corpus.utterances()] == ["glad", "calm", None, "calm"]


def test_the_order_of_labels_can_be_given(path):
    assert read_table(write(path), labels=["glad", "calm"]).labels == ("glad", "calm")


def test_ids_that_restart_in_every_conversation_become_unique(path):
    rows = [[*row[:1], row[1][1:], *row[2:]] for row in ROWS]
    ids = [u.id for u in read_table(write(path, rows)).utterances()]
    assert ids == ["a-0", "a-1", "b-0", "c-0"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(2, utterance="a0"), "more than once: a / a0"),
        (changed(2, split="test"), "data row 3: conversation 'a' is in split 'test'"),
        (changed(1, split="holdout"), "data row 2: .*'holdout'; expected one of train, valid"),
        (changed(0, start="soon"), "data row 1: found 'soon', expected a number"),
        (changed(3, split="train"), "has no conversation in: test"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(path, rows, message):
    with pytest.raises(ErcbenchError, match=message):
        read_table(write(path, rows))


def test_missing_columns_are_named_by_what_the_file_should_call_them(path):
    write(path, [row[:5] for row in ROWS], COLUMNS[:5])
    with pytest.raises(ErcbenchError, match=r"mine.*lacks the column\(s\) part; it has conv"):
        read_table(path, {"split": "part"})


def test_a_mapping_of_something_else_is_refused(path):
    with pytest.raises(ErcbenchError, match="columns: found emotion; expected names among"):
        read_table(write(path), {"emotion": "label"})


def test_labels_outside_the_given_ones_are_refused(path):
    with pytest.raises(ErcbenchError, match="label 'calm', which is not in the label set"):
        read_table(write(path), labels=["glad"])


def test_a_wrong_encoding_is_named(path):
    write(path, changed(0, text="caf\u00e9")).write_bytes(b"\xe9" + path.read_bytes())
    with pytest.raises(ErcbenchError, match="not UTF-8"):
        read_table(path)


@pytest.mark.parametrize("line", ["{", "[1]"])
def test_a_line_that_is_no_object_is_named(tmp_path, line):
    path = tmp_path / "mine.jsonl"
    path.write_text(line)
    with pytest.raises(ErcbenchError, match=r"mine\.jsonl, line 1"):
        read_table(path)


@pytest.mark.parametrize("name", ["mine.csv", "mine.jsonl", "mine.xlsx"])
def test_an_absent_or_foreign_file_is_named(tmp_path, name):
    with pytest.raises(ErcbenchError, match=name):
        read_table(tmp_path / name)
