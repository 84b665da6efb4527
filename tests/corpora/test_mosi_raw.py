import numpy as np
import pytest

from ercbench.corpora.mosi.contextual import read_contextual
from ercbench.corpora.mosi.raw import mosi_splits, read_raw
from ercbench.errors import ErcbenchError

# One video of each part of either split.
VIDEOS = ["2iD-tVS8NPw", "ZAIRrfG22O0", "c7UH_rxdZv4", "lXPQBPVc5Cw", "03bSnISJMiM"]
SCORES = {1: 1.2, 2: 0.0, 10: -2.4}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "Raw" / "Transcript" / "Segmented"
    folder.mkdir(parents=True)
    for video in VIDEOS:
        lines = [f"{clip}_DELIM_SENTENCE {clip}" for clip in SCORES]
        (folder / f"{video}.annotprocessed").write_text("\n".join(lines) + "\n")
    rows = [f"0.5,2.25,{v},{clip},{score}" for v in VIDEOS for clip, score in SCORES.items()]
    (tmp_path / "Raw" / "OpinionLevelSentiment.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def use_mmsa_sheet(root, rows=None):
    (root / "Raw" / "OpinionLevelSentiment.csv").unlink()
    rows = rows or [f"{v},{clip},{score}" for v in VIDEOS for clip, score in SCORES.items()]
    (root / "label.csv").write_text("\n".join(["video_id,clip_id,label", *rows]) + "\n")


def turns(corpus):
    return [(u.id, u.label, u.score) for u in corpus.conversations[0].utterances]


def test_an_utterance_carries_what_the_release_says_of_it(root):
    for folder, kind in (("Audio/WAV_16000", "wav"), ("Video", "mp4")):
        path = root / "Raw" / folder / "Segmented" / f"03bSnISJMiM_1.{kind}"
        path.parent.mkdir(parents=True)
        path.touch()
    one, two, _ = read_raw(root).conversations[0].utterances
    assert (one.id, one.speaker, one.text) == ("03bSnISJMiM_1", "03bSnISJMiM", "SENTENCE 1")
    assert (one.score, one.start, one.end) == (1.2, 0.5, 2.25)
    assert one.audio.endswith("03bSnISJMiM_1.wav")
    assert one.video.endswith("03bSnISJMiM_1.mp4")
    assert (two.audio, two.video) == (None, None)


def test_the_folder_raw_itself_is_a_root_too(root):
    assert read_raw(root / "Raw").conversations == read_raw(root).conversations


def test_both_label_sheets_give_the_same_scores(root):
    before = turns(read_raw(root))
    use_mmsa_sheet(root)
    assert turns(read_raw(root)) == before


@pytest.mark.parametrize(
    ("zero", "expected"),
    [
        ("positive", ["positive", "positive", "negative"]),
        ("context", ["positive", None, "negative"]),
        ("drop", ["positive", "negative"]),
    ],
)
def test_zero_is_what_the_setting_says(root, zero, expected):
    corpus = read_raw(root, zero)
    assert [label for _, label, _ in turns(corpus)] == expected
    assert all(u.score is not None for u in corpus.utterances())


def test_both_splits_are_formed(root):
    splits = read_raw(root).splits
    assert splits["standard"].validation == ("ZAIRrfG22O0",)
    assert splits["poria"].validation == ("lXPQBPVc5Cw",)


def test_an_unknown_zero_is_refused(root):
    with pytest.raises(ErcbenchError, match="found 'negative'; expected positive, drop, context"):
        read_raw(root, "negative")


def test_absent_scores_are_said_with_where_they_were_looked_for(root):
    (root / "Raw" / "OpinionLevelSentiment.csv").unlink()
    with pytest.raises(ErcbenchError, match=r"looked for .*OpinionLevelSentiment.*label\.csv"):
        read_raw(root)


def test_an_absent_transcript_is_named(root):
    (root / "Raw/Transcript/Segmented/03bSnISJMiM.annotprocessed").unlink()
    with pytest.raises(ErcbenchError, match=r"03bSnISJMiM\.annotprocessed: no such file"):
        read_raw(root)


def test_a_transcript_of_another_form_is_named(root):
    (root / "Raw/Transcript/Segmented/03bSnISJMiM.annotprocessed").write_text("I LOVED IT\n")
    with pytest.raises(ErcbenchError, match="found the line 'I LOVED IT'; expected a clip number"):
        read_raw(root)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("03bSnISJMiM,1,high", "data row 1: found 'high', expected a number"),
        ("03bSnISJMiM,1,7", "data row 1: score 7.0; expected -3 to 3"),
        ("03bSnISJMiM,one,1", "data row 1: found 'one'"),
        ("03bSnISJMiM,1,1\n03bSnISJMiM,1,2", "more than once: 03bSnISJMiM / 1"),
    ],
)
def test_a_label_that_cannot_be_read_is_named(root, row, message):
    use_mmsa_sheet(root, [row])
    with pytest.raises(ErcbenchError, match=message):
        read_raw(root)


def test_a_release_sheet_with_too_few_fields_is_named(root):
    (root / "Raw" / "OpinionLevelSentiment.csv").write_text("0.5,2.25,03bSnISJMiM\n")
    with pytest.raises(ErcbenchError, match="data row 1: 3 fields; expected 5"):
        read_raw(root)


@pytest.mark.shared
def test_the_splits_are_those_of_the_contextual_arrays(shared_data, sizes):
    corpus, _ = read_contextual(shared_data / "mosi")
    splits = mosi_splits([conversation.id for conversation in corpus.conversations])
    assert splits == dict(corpus.splits)
    assert sizes(corpus, "standard") == ([52, 10, 31], [1284, 229, 686])
    assert sum(sizes(corpus, "poria")[1][:2]) == 1447


@pytest.mark.shared
def test_the_real_scores_in_the_layout_of_the_release_give_the_same_corpus(shared_data, tmp_path):
    known, _ = read_contextual(shared_data / "mosi")
    folder, rows = tmp_path / "Transcript" / "Segmented", []
    folder.mkdir(parents=True)
    for conversation in known.conversations:
        numbered = [(u.id.rsplit("_", 1)[1], u) for u in conversation.utterances]
        lines = [f"{n}_DELIM_{u.text}" for n, u in numbered]
        (folder / f"{conversation.id}.annotprocessed").write_text("\n".join(lines))
        rows += [f"0,1,{conversation.id},{n},{u.score!r}" for n, u in numbered]
    (tmp_path / "OpinionLevelSentiment.csv").write_text("\n".join(rows))
    corpus = read_raw(tmp_path)
    assert len(list(corpus.utterances())) == 2199
    for ours, theirs in zip(corpus.utterances(), known.utterances(), strict=True):
        assert (ours.id, ours.label) == (theirs.id, theirs.label)
        assert np.isclose(ours.score, theirs.score)
    assert len(list(read_raw(tmp_path, "drop").utterances())) == 2199 - 96
