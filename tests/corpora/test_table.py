import csv
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.corpora.table.columns import OPTIONAL, REQUIRED
from ercbench.corpora.table.read import read_table
from ercbench.errors import ErcbenchError

ROWS = [
    ["a", "a0", "Ann", "Hello, you.", "glad", "train", "0.5", "1", "2.5", "a0.wav", ""],
    ["b", "b0", "Bob", "Oh.", "", "dev", "", "", "", "", "b0.mp4"],
    ["a", "a1", "Bob", "Hi.", "calm", "train", "", "", "", "", ""],
    ["c", "c0", "Cat", "Ähm \u2026", "calm", "test", "", "", "", "", ""],
]
COLUMNS = [*REQUIRED, *OPTIONAL]


def write(path, rows=ROWS, columns=COLUMNS, encoding="utf-8", **options):
    if path.suffix == ".jsonl":
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        lines = [json.dumps(o, ensure_ascii=False) for o in objects]
        path.write_text("\n".join(lines) + "\n", encoding=encoding, newline="\n")
    else:
        with path.open("w", newline="", encoding=encoding) as file:
            csv.writer(file, **options).writerows([columns, *rows])
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


@pytest.mark.parametrize("name", ["meld", "IEMOCAP"])
def test_a_table_is_not_taken_for_a_published_corpus_of_its_name(tmp_path, name):
    assert read_table(write(tmp_path / f"{name}.csv")).name == f"{name}-table"


def test_both_formats_give_equal_conversations(tmp_path):
    tables = [read_table(write(tmp_path / f"mine.{kind}")) for kind in ("csv", "jsonl")]
    assert tables[0].conversations == tables[1].conversations


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_unicode_is_read_in_every_encoding_that_says_what_it_is(tmp_path, suffix, encoding):
    plain = read_table(write(tmp_path / f"plain.{suffix}"))
    other = read_table(write(tmp_path / f"other.{suffix}", encoding=encoding))
    assert other.conversations == plain.conversations


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("name", ["other.csv", "OTHER.TSV"])
def test_semicolons_and_tabs_separate_as_well(tmp_path, name, delimiter):
    plain = read_table(write(tmp_path / "plain.csv"))
    other = read_table(write(tmp_path / name, delimiter=delimiter))
    assert other.conversations == plain.conversations


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\n\x85")))
def test_a_text_stays_as_it_is(tmp_path_factory, text):
    for name in ("mine.csv", "mine.jsonl"):
        path = write(tmp_path_factory.mktemp("text") / name, changed(0, text=text))
        assert next(read_table(path).utterances()).text == text


def test_columns_may_have_other_names_and_optional_ones_be_absent(path):
    names = ["dialogue", "turn", "speaker", "words", "emotion", "split"]
    write(path, [row[:6] for row in ROWS], names)
    columns = {"conversation": "dialogue", "utterance": "turn", "text": "words", "label": "emotion"}
    corpus = read_table(path, columns)
    assert [u.label for u in corpus.utterances()] == ["glad", "calm", None, "calm"]


@pytest.mark.parametrize("nothing", ["", "  ", "nan", "NaN", "null", "None", "n/a", "NA", "<NA>"])
def test_what_says_that_nothing_is_there_is_no_label_and_no_recording(path, nothing):
    corpus = read_table(write(path, changed(1, label=nothing, video=nothing)))
    assert corpus.labels == ("calm", "glad")
    assert [(u.label, u.video) for u in corpus.utterances()][2] == (None, None)


def test_numbers_are_labels_by_their_text_and_in_their_order(tmp_path):
    rows = [
        [i, i, "Ann", "Oh.", label, part]
        for i, label in enumerate((2, 10, -1), 0)
        for part in [("train", "dev", "test")[i]]
    ]
    path = write(tmp_path / "mine.jsonl", rows, REQUIRED)
    assert read_table(path).labels == ("-1", "2", "10")
    assert read_table(path, labels=[10, 2, -1]).labels == ("10", "2", "-1")


@pytest.mark.parametrize(
    "label", ["[joy]", "喜び", "a|b", "sad & 50% $x$ <b>", "=cmd|' /C calc'!A0"]
)
def test_any_printable_label_is_one(path, label):
    corpus = read_table(write(path, changed(0, label=label)))
    assert corpus.labels == tuple(sorted(("calm", label)))


def test_names_are_read_in_one_unicode_form(path):
    rows = changed(0, label="gai\u0302te\u0301", speaker="Zoe\u0301", utterance="e\u0301")
    corpus = read_table(write(path, rows), labels=["gaîté", "calm"])
    first = next(corpus.utterances())
    assert (first.label, first.speaker, first.id) == ("gaîté", "Zoé", "é")


@pytest.mark.parametrize("other", ["Calm", "calm ", "CALM", "\uff43alm", "ca\u200blm"])
def test_near_equal_labels_are_refused_with_counts_and_rows(path, other):
    with pytest.raises(ErcbenchError, match="label 'calm' has 2 spellings") as error:
        read_table(write(path, changed(3, label=other)))
    assert "(1 in data row 3)" in str(error.value)
    assert "(1 in data row 4)" in str(error.value)


def test_labels_of_two_unicode_forms_are_told_apart_in_the_message(path):
    forms = [unicodedata.normalize(form, "gaîté") for form in ("NFC", "NFD")]
    rows = changed(0, label=forms[0])[:3] + changed(3, label=forms[1])[3:]
    with pytest.raises(ErcbenchError, match=r"'gaîté' \(1 in .*'gai\\u0302te\\u0301' \(1 in"):
        read_table(write(path, rows))


def test_near_equal_speakers_are_warned_of(path):
    with pytest.warns(UserWarning, match="speaker 'Bob' has 2 spellings: 'Bob' .*'bob '"):
        corpus = read_table(write(path, changed(2, speaker="bob ")))
    assert len({u.speaker for u in corpus.utterances()}) == 4


def test_the_order_of_labels_can_be_given(path):
    assert read_table(write(path), labels=["glad", "calm"]).labels == ("glad", "calm")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("joy", "labels=joy: expected a list of two or more names"),
        (["calm"], r"labels=\['calm'\]: expected a list of two or more"),
        ([], "two or more"),
        (5, "two or more"),
        (["calm", "glad", "calm"], "calm stands there more than once"),
        (["calm", "glad", "Calm"], "calm, Calm stands there more than once"),
        (["calm", "nan"], "two or more names"),
        (["calm", None], "labels: found None; expected a name"),
        (["calm", ["glad"]], "labels: found "),
        ({"calm": 1}, "labels: found "),
        (["glad", "sad"], "label 'calm', which is not in the label set"),
    ],
)
def test_labels_that_cannot_be_are_refused(path, labels, message):
    with pytest.raises(ErcbenchError, match=message):
        read_table(write(path), labels=labels)


def test_one_label_in_a_whole_table_is_refused_and_none_is_not(path):
    with pytest.raises(ErcbenchError, match="all labels are 'calm'; a classifier needs two"):
        read_table(write(path, changed(0, label="")))
    unlabelled = [[*row[:4], "", *row[5:]] for row in ROWS]
    assert read_table(write(path, unlabelled)).labels == ()


def test_ids_that_restart_in_every_conversation_become_unique(path):
    rows = [[*row[:1], row[1][1:], *row[2:]] for row in ROWS]
    ids = [u.id for u in read_table(write(path, rows)).utterances()]
    assert ids == ["a-0", "a-1", "b-0", "c-0"]


def numbered_anew(text):
    return [
        [conversation, turn, "Ann", text(part, conversation, turn), "ab"[turn % 2], part]
        for part in ("train", "dev", "test")
        for conversation in range(2)
        for turn in range(3)
    ]


def test_conversations_that_each_part_numbers_anew_are_called_by_their_part(path):
    rows = numbered_anew(lambda *where: f"{where}")
    corpus = read_table(write(path, rows, REQUIRED))
    assert [c.id for c in corpus.conversations][1:4] == ["train/1", "validation/0", "validation/1"]
    assert [u.id for u in corpus.utterances()][4] == "train/1-1"
    assert {len(c) for c in corpus.conversations} == {3}
    assert "each part numbers its own" in corpus.provenance["conversations"]


def test_a_conversation_that_was_copied_into_another_part_is_not_numbered_anew(path):
    rows = numbered_anew(lambda part, c, turn: f"{part if c else ''} {c} {turn}")
    with pytest.raises(ErcbenchError, match="data row 7: conversation '0' is in validation.*same"):
        read_table(write(path, rows, REQUIRED))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(2, utterance="a0"), "more than once: a / a0"),
        (changed(2, split="test"), "data row 3: conversation 'a' is in test.*some .* in each"),
        (changed(1, split="holdout"), "data row 2: .*'holdout'; expected one of train, valid"),
        (changed(0, start="soon"), "data row 1: found 'soon', expected seconds or a time such as"),
        (changed(0, start="1,5"), "data row 1: found '1,5', expected seconds or a time"),
        (changed(0, start="0:61:00"), "data row 1: found '0:61:00', expected seconds or a time"),
        (changed(0, score="nan"), "data row 1: found 'nan', expected a number in column score"),
        (changed(0, end="inf"), "data row 1: found 'inf', expected .* in column end"),
        (changed(0, end="0.5"), "data row 1: end lies before start"),
        (changed(0, start="-1"), "data row 1: .*start below 0"),
        (changed(3, split="train"), "has no conversation in: test"),
        (changed(3, conversation=" "), "data row 4: no conversation"),
        (changed(3, utterance=""), "data row 4: no utterance"),
        (changed(3, speaker="nan"), "data row 4: no speaker"),
        (changed(3, text="Oh\0"), "data row 4: column text holds control characters"),
        (changed(3, text="must\x92ve"), "data row 4: column text holds control characters"),
        (changed(3, label="joy\nful"), "data row 4: column label holds control characters"),
        (changed(3, utterance="u\u20281"), "data row 4: column utterance holds control"),
        (changed(3, audio="a\0.wav"), "data row 4: column audio holds control"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(path, rows, message):
    with pytest.raises(ErcbenchError, match=message) as error:
        read_table(write(path, rows))
    assert "\n" not in str(error.value)


def test_all_faulty_rows_are_named(path):
    rows = [[*row[:2], "", *row[3:]] for row in ROWS * 2]
    with pytest.raises(ErcbenchError, match="data rows 1, 2, 3, 4, 5 and 3 more: no speaker"):
        read_table(write(path, rows))


def test_half_a_character_is_refused(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        "\n".join(
            json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in changed(0, text="\ud83d")
        )
    )
    with pytest.raises(ErcbenchError, match="data row 1: column text"):
        read_table(path)


def test_missing_columns_are_named_by_what_the_file_should_call_them(path):
    write(path, [row[:5] for row in ROWS], COLUMNS[:5])
    with pytest.raises(ErcbenchError, match=r"mine.*lacks the column\(s\) part; it has conv"):
        read_table(path, {"split": "part"})


def test_a_column_that_is_there_twice_is_named(tmp_path):
    path = write(tmp_path / "mine.csv", [[*row, "joy"] for row in ROWS], [*COLUMNS, "label"])
    with pytest.raises(ErcbenchError, match=r"column\(s\) label are there more than once"):
        read_table(path)
    (tmp_path / "mine.jsonl").write_text('{"label": "joy", "label": "sad"}')
    with pytest.raises(ErcbenchError, match=r"line 1: the column\(s\) label are there more"):
        read_table(tmp_path / "mine.jsonl")


def test_a_mapping_of_something_else_is_refused(path):
    with pytest.raises(ErcbenchError, match="columns: found emotion; expected names among"):
        read_table(write(path), {"emotion": "label"})


def test_a_wrong_encoding_is_named_with_what_it_would_read(path):
    rows = changed(0, text="It\u2019s a caf\u00e9")
    with pytest.raises(ErcbenchError, match="not UTF-8 .*0x92.*It\u2019s a café.*WINDOWS-1252"):
        read_table(write(path, rows, encoding="cp1252"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: no JSON"),
        ("[1]", "line 1: expected a JSON object"),
        ("[" * 100_000, "line 1: no JSON"),
        (json.dumps({key: [1] for key in REQUIRED}), "data row 1, 'conversation': found a list"),
        (json.dumps({key: {} for key in REQUIRED}), "data row 1, .*: found a JSON object"),
    ],
)
def test_a_line_that_is_no_flat_object_is_named(tmp_path, line, message):
    path = tmp_path / "mine.jsonl"
    path.write_text(line)
    with pytest.raises(ErcbenchError, match=message):
        read_table(path)


@pytest.mark.parametrize("name", ["mine.csv", "mine.jsonl", "mine.xlsx"])
def test_an_absent_or_foreign_file_is_named(tmp_path, name):
    with pytest.raises(ErcbenchError, match=name):
        read_table(tmp_path / name)
