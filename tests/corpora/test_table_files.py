"""Tables in several files, and columns, times and speakers as the field writes them."""

import csv
import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench import load_corpus
from ercbench.corpora.table.columns import column_names, guess
from ercbench.corpora.table.read import read_table
from ercbench.corpora.table.times import seconds
from ercbench.errors import ErcbenchError

HEADER = ["Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode"]
COLUMNS = {
    "conversation": ["Season", "Episode", "Scene_ID"],
    "utterance": "Utterance_ID",
    "speaker": "Speaker",
    "text": "Utterance",
    "label": "Emotion",
}
PARTS = ("train", "dev", "test")


def scene(part, speaker="['Ross Geller']"):
    """Two scenes of one number in two episodes, two turns each, which other parts have too."""
    return [
        [f"Oh {part} {episode} {turn}.", speaker, ("Sad", "Joyful")[turn], 1, turn, 1, episode]
        for episode in (1, 2)
        for turn in (0, 1)
    ]


def write(path, rows, header=HEADER):
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(header, r, strict=True))) for r in rows))
    else:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def files(tmp_path):
    return {part: write(tmp_path / f"friends_{part}.csv", scene(part)) for part in PARTS}


def read(root, **changes):
    return read_table(root, COLUMNS | changes)


def test_a_file_for_each_part_is_a_corpus_without_a_column_that_says_so(files):
    corpus = read(files)
    split = corpus.split("given")
    assert (corpus.name, corpus.labels) == ("friends", ("Joyful", "Sad"))
    assert split.validation == ("validation/1/1/1", "validation/1/2/1")
    assert [u.id for u in corpus.utterances()][:3] == [
        *("train/1/1/1-0", "train/1/1/1-1", "train/1/2/1-0")
    ]
    assert {u.speaker for u in corpus.utterances()} == {"Ross Geller"}
    assert corpus.provenance["source"] == "friends_train.csv, friends_dev.csv, friends_test.csv"


def test_a_folder_whose_files_are_called_by_parts_is_the_same(files, tmp_path):
    assert read(tmp_path).conversations == read(files).conversations
    assert read(tmp_path).name == tmp_path.name
    pattern = read(tmp_path / "friends_*.csv")
    assert (pattern.name, pattern.conversations) == ("friends", read(files).conversations)


def test_several_files_whose_column_says_the_part_are_one_table(tmp_path):
    for number, part in enumerate(PARTS):
        rows = [[*row, part] for row in scene(part)]
        write(tmp_path / f"season{number}.csv", rows, [*HEADER, "split"])
    assert [len(ids) for ids in read(tmp_path).split("given").parts().values()] == [2, 2, 2]


def test_the_python_interface_takes_a_file_for_each_part(files):
    found = load_corpus("csv", {part: str(path) for part, path in files.items()}, columns=COLUMNS)
    assert found.conversations == read(files).conversations


def test_recordings_are_named_from_the_file_of_their_row(tmp_path):
    for part in PARTS:
        (tmp_path / part).mkdir()
        rows = [[*row, "a.mkv"] for row in scene(part)]
        write(tmp_path / part / "table.csv", rows, [*HEADER, "video"])
    corpus = read({part: tmp_path / part / "table.csv" for part in PARTS})
    assert next(corpus.utterances()).video == str(tmp_path / "train" / "a.mkv")


def test_a_row_that_cannot_be_used_is_named_with_its_own_file(files):
    write(files["dev"], [*scene("dev")[:3], ["Oh.", "", "Sad", 1, 9, 1, 2]])
    with pytest.raises(ErcbenchError, match=r"friends_dev\.csv, data row 4: no speaker"):
        read(files)


def test_spellings_of_a_label_are_found_across_files(files):
    write(files["test"], [[*row[:2], row[2].lower(), *row[3:]] for row in scene("test")])
    with pytest.raises(
        ErcbenchError, match=r"'Sad' \(4 in friends_train\.csv, data rows 1, 3 \(an"
    ):
        read(files)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("train", "test"), r"found root\.train, root\.test, .*Set root\.dev too"),
        (("train",), r"Set root\.dev and root\.test too"),
    ],
)
def test_a_part_without_a_file_is_asked_for(files, parts, told):
    with pytest.raises(ErcbenchError, match=told):
        read({part: files[part] for part in parts})


def test_files_that_are_not_there_or_given_twice_are_named(files, tmp_path):
    with pytest.raises(ErcbenchError, match=r"root\.dev: nothing at 'nowhere\.csv'"):
        load_corpus("csv", {**files, "dev": "nowhere.csv"}, columns=COLUMNS)
    with pytest.raises(ErcbenchError, match=r"friends_train\.csv: is given for several parts"):
        read({**files, "dev": files["train"]})
    with pytest.raises(ErcbenchError, match=r"root.*nothing at.*other\*\.csv"):
        load_corpus("csv", tmp_path / "other*.csv", columns=COLUMNS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.docx").touch()
    with pytest.raises(ErcbenchError, match=r"expected a file called .*found notes\.docx"):
        read(tmp_path / "empty")
    with pytest.raises(ErcbenchError, match=r"root\.train, but corpus=meld lies in one folder"):
        load_corpus("meld", files)


def test_a_copy_of_a_part_in_another_is_refused(files):
    write(files["dev"], scene("train"))
    with pytest.raises(ErcbenchError, match=r"conversation '1/1/1' .*is in validation, though in"):
        read(files)


def test_a_column_that_says_another_part_than_the_file_is_refused(files):
    write(files["dev"], [[*row, "train"] for row in scene("dev")], [*HEADER, "split"])
    with pytest.raises(ErcbenchError, match=r"data row 1: split 'train' in the file of validation"):
        read(files)


@pytest.mark.parametrize("blank", ["", "nan"])
def test_a_name_of_several_columns_needs_each_of_them(files, blank):
    write(files["dev"], [[*row[:5], blank, row[6]] for row in scene("dev")])
    with pytest.raises(ErcbenchError, match=r"friends_dev\.csv, data rows 1, 2, 3, 4: no conv"):
        read(files)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"conversation": ["Season", "Season"]}, "columns.conversation: .* named twice"),
        ({"conversation": []}, "columns.conversation: found .*expected one name"),
        ({"text": ["Season", "Episode"]}, "columns.text: found .*several only for conversation"),
        ({"conversation": ["Season", "Part"]}, r"lacks the column\(s\) Part"),
    ],
)
def test_names_of_columns_that_cannot_be_are_refused(files, columns, told):
    with pytest.raises(ErcbenchError, match=told):
        read(files, **columns)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("written", "speaker"),
    [
        ("['Ross Geller']", "Ross Geller"),
        ('["Ross Geller", "Ann"]', "Ann & Ross Geller"),
        ("['Joey \"J\" T']", 'Joey "J" T'),
        ("[unknown]", "[unknown]"),
    ],
)
def test_speakers_may_be_written_as_lists(tmp_path, suffix, written, speaker):
    root = {p: write(tmp_path / f"{p}.{suffix}", scene(p, written)) for p in PARTS}
    assert {u.speaker for u in read(root).utterances()} == {speaker}


def test_speakers_may_be_lists_of_json(tmp_path):
    root = {p: write(tmp_path / f"{p}.jsonl", scene(p, ["Bob", "Ann"])) for p in PARTS}
    assert {u.speaker for u in read(root).utterances()} == {"Ann & Bob"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("['Ross Geller'", "data row 1, 'Speaker': found .* begins as a list and is none"),
        ("['Ross', 5]", "data row 1, 'Speaker': found the list .* expected names"),
        ("['']", "expected names such as"),
        ("['" + "a" * 100_000, "begins as a list and is none"),
    ],
)
def test_a_list_that_is_none_is_named(tmp_path, written, told):
    with pytest.raises(ErcbenchError, match=told) as error:
        read({p: write(tmp_path / f"{p}.csv", scene(p, written)) for p in PARTS})
    assert len(str(error.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("written", "expected"),
    [("0:16:16,059", 976.059), ("00:16:16.059", 976.059), ("16:16", 976), ("976.059", 976.059)],
)
def test_times_are_read_as_clocks_and_seconds(tmp_path, written, expected):
    rows = {p: [[*row, written, ""] for row in scene(p)] for p in PARTS}
    header = [*HEADER, "start", "end"]
    root = {p: write(tmp_path / f"{p}.csv", rows[p], header) for p in PARTS}
    turn = next(read(root).utterances())
    assert (turn.start, turn.end) == (pytest.approx(expected), None)


def recorded(tmp_path, end):
    header = [*HEADER, "start", "end", "audio"]
    rows = {p: [[*row, f"0:00:0{row[4]}", end, "talk.m4a"] for row in scene(p)] for p in PARTS}
    return read({p: write(tmp_path / f"{p}.csv", rows[p], header) for p in PARTS})


def test_of_a_recording_that_several_rows_name_each_has_its_part(tmp_path):
    turns = list(recorded(tmp_path, "0:00:01.5").utterances())
    assert [turn.audio for turn in turns[:2]] == [
        *(f"{tmp_path}/talk.m4a#t=0,1.5", f"{tmp_path}/talk.m4a#t=1,1.5")
    ]


def test_without_times_a_shared_recording_is_whole_and_said_so(tmp_path):
    with pytest.warns(UserWarning, match=r"1 recordings, such as talk\.m4a, are named by several"):
        corpus = recorded(tmp_path, "")
    assert {turn.audio for turn in corpus.utterances()} == {f"{tmp_path}/talk.m4a"}


@given(st.integers(0, 359_999_999))
def test_every_time_of_a_clock_is_its_seconds(milliseconds):
    whole, rest = divmod(milliseconds, 1000)
    clock = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    assert seconds(f"{clock},{rest:03}") == pytest.approx(milliseconds / 1000, abs=1e-6)


@pytest.mark.parametrize("time", ["0:60:00", "1:2:3:4", "soon", "1,5", "nan", "inf", "-0:01:00"])
def test_what_is_no_time_is_none(time):
    assert seconds(time) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (HEADER, {**COLUMNS, "conversation": ["Season", "Episode", "Scene_ID"]}),
        (
            ["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID"]
            + ["Utterance_ID", "Season", "Episode", "StartTime", "EndTime"],
            {**COLUMNS, "conversation": "Dialogue_ID", "start": "StartTime", "end": "EndTime"},
        ),
        (
            ["dialogue_id", "turn", "speaker", "utterance", "emotion", "set"],
            {
                **{"conversation": "dialogue_id", "utterance": "turn", "speaker": "speaker"},
                **{"text": "utterance", "label": "emotion", "split": "set"},
            },
        ),
    ],
)
def test_the_columns_of_known_tables_are_guessed(header, expected):
    names = column_names({})
    wanted = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in expected.items()}
    known = {ours: own for ours, own in names.items() if set(own) <= set(header)}
    assert guess(header, known) == wanted


@given(st.lists(st.text(max_size=12), max_size=12, unique=True))
def test_no_column_is_guessed_to_be_two(header):
    guessed = [name for own in guess(header, {}).values() for name in own]
    assert len(guessed) == len(set(guessed))
    assert set(guessed) <= set(header)


def test_columns_that_are_not_recognised_are_proposed_as_a_line_to_paste(tmp_path):
    header = ["Dialogue_ID", "Utterance_ID", "Speaker", "Utterance", "Emotion", "Start Time", "set"]
    rows = [[p, 0, "Ann", p, "ab"[p == "train"], "0:00:01", p] for p in PARTS]
    path = write(tmp_path / "mine.csv", rows, header)
    with pytest.raises(ErcbenchError, match="lacks the column") as error:
        read_table(path)
    line = str(error.value).partition("Add, if it is so: ")[2]
    assert line == (
        "columns.conversation=Dialogue_ID columns.utterance=Utterance_ID columns.speaker=Speaker "
        "columns.text=Utterance columns.label=Emotion columns.split=set columns.start='Start Time'"
    )
    settings = dict(word.removeprefix("columns.").split("=") for word in shlex.split(line))
    assert len(read_table(path, settings).conversations) == 3


def test_a_column_that_nothing_looks_like_is_left_to_fill_in(tmp_path):
    write(tmp_path / "mine.csv", [["a", "b"]], ["dialog", "xyz"])
    with pytest.raises(
        ErcbenchError, match=r"columns\.text=… .*no column tells the part.*root\.tr"
    ):
        read_table(tmp_path / "mine.csv")
