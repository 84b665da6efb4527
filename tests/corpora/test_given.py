"""What somebody gives to predict on: subtitles, TextGrids, tables, clips."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.corpora.excerpt import Excerpt, excerpt_of
from ercbench.corpora.recordings.given import read_given
from ercbench.corpora.recordings.speakers import name_speakers
from ercbench.corpora.recordings.transcript import read_transcript
from ercbench.corpora.recordings.turns import UNKNOWN, Turn
from ercbench.errors import ErcbenchError

SRT = """1
00:00:00,500 --> 00:00:02,000
ANN: You got the <i>job</i>?

2
00:00:02,200 --> 00:00:04,000
BOB: I start on Monday!
At nine.
"""
VTT = """WEBVTT

NOTE made by hand

00:00.500 --> 00:02.000 align:left
<v.loud Ann Lee>You got the <i>job</i>?</v>

intro
00:02.200 --> 00:04.000
<v Bob>I start on Monday &amp; Tuesday!
<v Ann Lee>Oh!
"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 4
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Ann"
        xmin = 0
        xmax = 4
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 2
            text = "You ""got"" it?"
        intervals [2]:
            xmin = 2
            xmax = 4
            text = ""
    item [2]:
        class = "IntervalTier"
        name = "Bob"
        xmin = 0
        xmax = 4
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = ""
        intervals [2]:
            xmin = 1.5
            xmax = 4
            text = "Yes."
    item [3]:
        class = "IntervalTier"
        name = "Bob - words"
        xmin = 0
        xmax = 4
        intervals: size = 1
        intervals [1]:
            xmin = 1.5
            xmax = 4
            text = "Yes"
"""


def write(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.write_text(content, encoding=encoding)
    return path


def turns_of(path, **columns):
    return [(t.speaker, t.text, t.start, t.end) for t in read_transcript(path, columns).turns]


def test_a_subtitle_is_a_turn_of_whoever_is_named_before_it(tmp_path):
    expected = [
        ("ANN", "You got the job?", 0.5, 2.0),
        ("BOB", "I start on Monday! At nine.", 2.2, 4.0),
    ]
    assert turns_of(write(tmp_path, "talk.srt", SRT)) == expected
    for encoding in ("utf-8-sig", "utf-16"):
        assert turns_of(write(tmp_path, "other.srt", SRT, encoding)) == expected
    assert turns_of(write(tmp_path, "dos.srt", SRT.replace("\n", "\r\n"))) == expected


def test_voices_of_webvtt_are_speakers_and_several_in_one_cue_are_turns(tmp_path):
    assert turns_of(write(tmp_path, "talk.vtt", VTT)) == [
        ("Ann Lee", "You got the job?", 0.5, 2.0),
        ("Bob", "I start on Monday & Tuesday!", 2.2, 4.0),
        ("Ann Lee", "Oh!", 2.2, 4.0),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tiers_of_a_textgrid_are_speakers_and_those_of_words_are_left_out(tmp_path, encoding):
    assert turns_of(write(tmp_path, "talk.TextGrid", TEXTGRID, encoding)) == [
        ("Ann", 'You "got" it?', 0.0, 2.0),
        ("Bob", "Yes.", 1.5, 4.0),
    ]


def test_a_table_has_times_and_calls_its_columns_as_it_likes(tmp_path):
    path = write(tmp_path, "turns.csv", "from;end;who;text\n2;3;Bob;Yes.\n0;1.5;;Well?\n")
    read = read_transcript(path, {"start": "from", "speaker": "who"})
    assert [(t.speaker, t.text, t.start, t.end) for t in read.turns] == [
        (UNKNOWN, "Well?", 0.0, 1.5),
        ("Bob", "Yes.", 2.0, 3.0),
    ]
    assert read.notes == ("turns.csv: turns were not in order of time, and are sorted.",)


def test_overlaps_are_kept_and_said(tmp_path):
    overlapping = SRT.replace("00:00:02,200", "00:00:01,000")
    read = read_transcript(write(tmp_path, "talk.srt", overlapping), {})
    assert [turn.start for turn in read.turns] == [0.5, 1.0]
    assert read.notes[0].startswith("talk.srt: 1 turn(s) begin before the one before ends (at 0:01")


def test_a_colon_is_no_name_unless_the_file_names_speakers_so():
    named = [Turn("Ann: Hi."), Turn("Bob: Oh, it is you."), Turn("Ann: Yes.")]
    assert [turn.speaker for turn in name_speakers(named)] == ["Ann", "Bob", "Ann"]
    said = [Turn("He told me: go."), *[Turn("And then we left.")] * 9]
    assert {turn.speaker for turn in name_speakers(said)} == {UNKNOWN}
    assert name_speakers([Turn("MRS BING: Hi."), *said])[0].speaker == "MRS BING"
    assert name_speakers([Turn("At 10:30 we left.")])[0].speaker == UNKNOWN


@given(st.text(max_size=40), st.text(max_size=10))
def test_taking_names_off_loses_nothing(text, name):
    (turn,) = name_speakers([Turn(f"{name}{text}")])
    assert turn.text in f"{name}{text}"
    if turn.speaker == UNKNOWN:
        assert turn.text == f"{name}{text}"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.srt", "", "not readable as subtitles .no subtitle found.*-->"),
        ("a.vtt", "WEBVTT\n", "not readable as subtitles"),
        ("a.TextGrid", "Object class", "not readable as a TextGrid"),
        ("a.csv", "start,text\n1,hello\n", "lacks the column.s. end"),
        ("a.csv", "start,end,text\n1,,hello\n", "data row 1: no start or no end"),
        ("a.csv", "start,end,text\n3,1,hello\n", "end lies before start"),
        ("a.csv", "start,end\nx,1\n", "found 'x', expected seconds or a time"),
        ("a.docx", "x", "says of no turn when it is"),
    ],
)
def test_a_transcript_that_is_none_is_told_in_one_line(tmp_path, name, content, told):
    with pytest.raises(ErcbenchError, match=told):
        read_transcript(write(tmp_path, name, content), {})


def test_a_transcript_in_another_encoding_is_told_how_to_convert_it(tmp_path):
    path = write(tmp_path, "talk.srt", SRT.replace("job", "Stück"), "cp1252")
    with pytest.raises(ErcbenchError, match="not UTF-8.*Stück.*iconv -f WINDOWS-1252"):
        read_transcript(path, {})


def test_turns_of_a_recording_are_parts_of_it(tmp_path):
    recording = write(tmp_path, "talk.mp4", "")
    found = read_given(recording, write(tmp_path, "talk.srt", SRT))
    (conversation,) = found.conversations
    assert [turn.video for turn in conversation.utterances] == [
        f"{recording}#t=0.5,2",
        f"{recording}#t=2.2,4",
    ]
    assert found.recording == recording
    sound = read_given(write(tmp_path, "talk.wav", ""), tmp_path / "talk.srt")
    assert sound.utterances()[0].audio.endswith("talk.wav#t=0.5,2")
    (whole,) = read_given(recording).utterances()
    assert whole.video == str(recording)
    assert whole.start is None


def test_a_folder_of_clips_is_read_in_order_of_name(tmp_path):
    for name in ("dia2_utt10.mp4", "dia2_utt9.mp4", "dia10_utt0.wav", "readme.md"):
        write(tmp_path, name, "")
    found = read_given(tmp_path)
    assert [turn.id for turn in found.utterances()] == [
        "dia2_utt9.mp4",
        "dia2_utt10.mp4",
        "dia10_utt0.wav",
    ]
    assert any("readme.md" in note for note in found.notes)
    assert any("3 of 3 turns name no speaker" in note for note in found.notes)


def test_a_table_needs_neither_labels_nor_a_split(tmp_path):
    found = read_given(write(tmp_path, "mine.csv", "speaker,text\nAnn,Hi.\nBob,Oh.\n"))
    (conversation,) = found.conversations
    assert [(u.speaker, u.text, u.video) for u in conversation.utterances] == [
        ("Ann", "Hi.", None),
        ("Bob", "Oh.", None),
    ]
    labelled = "conversation,text,label,split,video\na,Hi.,odd,7,1.mp4\nb,Oh.,,,2.mp4\n"
    found = read_given(write(tmp_path, "other.csv", labelled))
    assert [own.id for own in found.conversations] == ["a", "b"]
    assert {turn.label for turn in found.utterances()} == {None}
    assert found.utterances()[0].video == str(tmp_path / "1.mp4")


def test_rows_that_share_a_recording_are_parts_of_it(tmp_path):
    rows = "video,start,end,text\nt.mp4,0,1,Hi.\nt.mp4,1,2.5,Oh.\nown.mp4,7,9,Yes.\n"
    found = read_given(write(tmp_path, "mine.csv", rows))
    names = [turn.video.removeprefix(f"{tmp_path}/") for turn in found.utterances()]
    assert names == ["t.mp4#t=0,1", "t.mp4#t=1,2.5", "own.mp4"]
    with pytest.raises(ErcbenchError, match=r"2 rows name t\.mp4.*Give each a start and an end"):
        read_given(write(tmp_path, "mine.csv", "video,text\nt.mp4,Hi.\nt.mp4,Oh.\n"))


def test_a_text_has_an_utterance_a_line(tmp_path):
    found = read_given(write(tmp_path, "talk.txt", "Ann: Hi.\n\nBob: Oh.\n"))
    assert [(u.speaker, u.text) for u in found.utterances()] == [("Ann", "Hi."), ("Bob", "Oh.")]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.pdf", "", "a file of an unknown kind; expected a folder of clips.*mp4"),
        ("a.csv", "speaker,label\nAnn,joy\n", "has nothing in the columns text, audio, video"),
        ("a.csv", "text\n", "holds no row"),
        ("a.csv", "utterance,text\n1,a\n1,b\n", "1 key.s. occur more than once"),
        ("a.txt", " \n", "holds no text"),
    ],
)
def test_an_input_that_is_none_is_told_in_one_line(tmp_path, name, content, told):
    with pytest.raises(ErcbenchError, match=told):
        read_given(write(tmp_path, name, content))


def test_what_does_not_go_together_is_told(tmp_path):
    with pytest.raises(ErcbenchError, match="nothing there"):
        read_given(tmp_path / "absent.mp4")
    with pytest.raises(ErcbenchError, match="no recording among its files .found nothing"):
        read_given(tmp_path)
    srt = write(tmp_path, "talk.srt", SRT)
    with pytest.raises(ErcbenchError, match="goes with one recording"):
        read_given(write(tmp_path, "mine.csv", "text\nHi.\n"), srt)


@given(
    st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=20),
    st.floats(0, 1e5).map(lambda s: round(s, 3)),
    st.floats(0, 1e3).map(lambda s: round(s, 3)),
)
def test_a_part_of_a_recording_is_written_and_read_alike(name, start, length):
    part = Excerpt(Path("/nowhere") / f"a{name}", start, round(start + length, 3))
    assert excerpt_of(str(part)) == part


def test_a_file_whose_name_looks_like_a_part_is_a_file(tmp_path):
    assert excerpt_of(write(tmp_path, "talk.mp4#t=1,2", "")) is None
