from itertools import groupby

import numpy as np
import pytest

from ercbench.corpora.iemocap import COSMIC_VALIDATION, iemocap_splits, read_iemocap
from ercbench.errors import ErcbenchError


def write_release(root, turns):
    """Writes (id, emotion, start, end, text) of whole dialogues in the layout of the release."""
    for dialogue, group in groupby(turns, key=lambda turn: turn[0].rsplit("_", 1)[0]):
        folder = root / f"Session{dialogue[4]}" / "dialog"
        sheet = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        spoken = []
        for id, emotion, start, end, text in group:
            sheet += [f"[{start:.4f} - {end:.4f}]\t{id}\t{emotion}\t[2.5000, 3.0000, 2.5000]"]
            sheet += ["C-E2:\tNeutral;\t()", "A-E3:\tval 3; act 2; dom  2;\t()", ""]
            spoken.append(f"{id} [{start:08.4f}-{end:08.4f}]: {text}")
        for name, lines in (("EmoEvaluation", sheet), ("transcriptions", spoken)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / f"{dialogue}.txt").write_text("\n".join(lines) + "\n")
    return root


TURNS = [
    (f"Ses0{session}F_{scene}_{turn}", emotion, 1.5 * i, 1.5 * i + 1, f"Line {i}.")
    for session in range(1, 6)
    for scene in ("impro01", "script01_3")
    for i, (turn, emotion) in enumerate(
        [
            *(("F000", "neu"), ("M000", "xxx"), ("F001", "exc"), ("M001", "hap")),
            *(("F002", "fru"), ("M002", "ang"), ("F003", "sad"), ("M003", "sur")),
        ]
    )
]


@pytest.fixture
def root(tmp_path):
    return write_release(tmp_path, TURNS)


def first(corpus):
    return corpus.conversations[0].utterances


def test_other_classes_leave_before_the_sequence_is_built(root):
    assert [u.label for u in first(read_iemocap(root))] == [
        *("neutral", "excited", "happy", "frustrated", "angry", "sad")
    ]
    assert [u.label for u in first(read_iemocap(root, labels=4))] == [
        *("neutral", "happy", "happy", "angry", "sad")
    ]


def test_other_classes_can_stay_as_context_without_a_label(root):
    labels = [u.label for u in first(read_iemocap(root, labels=4, others="context"))]
    assert labels == ["neutral", None, "happy", "happy", None, "angry", "sad", None]


def test_an_utterance_carries_what_the_release_says_of_it(root):
    wav = root / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"
    avi = root / "Session1/dialog/avi/DivX/Ses01F_impro01.avi"
    for path in (wav, avi):
        path.parent.mkdir(parents=True)
        path.touch()
    one, other, *_ = first(read_iemocap(root))
    assert (one.speaker, one.text, one.start, one.end) == ("Ses01F", "Line 0.", 0, 1)
    assert (one.audio, one.video) == (str(wav), str(avi))
    assert (other.audio, other.video) == (None, str(avi))


def test_turns_follow_the_transcription(root):
    path = root / "Session1/dialog/transcriptions/Ses01F_impro01.txt"
    path.write_text("\n".join(reversed(path.read_text().splitlines())))
    assert first(read_iemocap(root))[0].text == "Line 6."


def test_leftovers_of_the_mac_it_was_packed_on_are_passed_over(root):
    before = read_iemocap(root)
    (root / "Session1/dialog/EmoEvaluation/._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07")
    assert read_iemocap(root) == before


def test_the_provenance_says_where_labels_come_from_and_counts_the_raw_ones(root):
    provenance = read_iemocap(root).provenance
    assert "never 'xxx'" in provenance["labels"]
    assert provenance["raw_labels"]["xxx"] == 10


def test_every_split_keeps_the_test_speakers_unseen(root):
    splits = read_iemocap(root).splits
    assert set(splits) == {"cosmic", "hcam", "dialogxl", *(f"session{i}" for i in range(1, 6))}
    assert all(split.unseen_speakers for split in splits.values())


def test_the_named_splits_are_those_of_their_papers():
    ids = [f"Ses0{s}F_{scene}" for s in range(1, 6) for scene in ("impro02", "script01_3")]
    splits = iemocap_splits(sorted({*ids, *COSMIC_VALIDATION}))
    assert splits["cosmic"].validation == COSMIC_VALIDATION
    assert {id[4] for id in splits["hcam"].train} == set("234")
    assert {id[4] for id in splits["hcam"].validation} == {"1"}
    assert splits["dialogxl"].validation == ("Ses04F_script01_3", "Ses04F_script02_1")
    assert {id[4] for id in splits["session1"].test} == {"1"}
    assert {id[4] for id in splits["session1"].validation} == {"5"}
    assert {id[4] for id in splits["session3"].validation} == {"2"}


def test_a_session_that_is_not_there_takes_only_its_splits_with_it(tmp_path):
    root = write_release(tmp_path, [turn for turn in TURNS if turn[0][4] in "345"])
    assert set(read_iemocap(root).splits) == {"session4", "session5"}


def test_a_folder_that_is_not_the_release_is_refused(tmp_path):
    with pytest.raises(ErcbenchError, match=r"looked for .*Session1.dialog.EmoEvaluation"):
        read_iemocap(tmp_path)


def test_an_absent_transcription_is_named(root):
    (root / "Session2/dialog/transcriptions/Ses02F_impro01.txt").unlink()
    with pytest.raises(ErcbenchError, match=r"transcriptions.Ses02F_impro01\.txt: no such file"):
        read_iemocap(root)


def test_a_sheet_without_utterances_is_named(root):
    (root / "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt").write_text("Emotions\n")
    with pytest.raises(ErcbenchError, match=r"EmoEvaluation.Ses02F_impro01\.txt: no utterances"):
        read_iemocap(root)


@pytest.mark.parametrize("options", [{"labels": 5}, {"others": "keep"}])
def test_an_unknown_reading_is_refused(root, options):
    with pytest.raises(ErcbenchError, match="labels 4 or 6 and others 'drop' or 'context'"):
        read_iemocap(root, **options)


@pytest.fixture(scope="module")
def release(shared_data, tmp_path_factory):
    """The real ids, labels and times, written in the layout of the release."""
    arrays = np.load(shared_data / "iemocap" / "utterances.npz")
    names = ("utterance_id", "raw_emotion", "start", "end", "utterance_id")
    turns = list(zip(*(arrays[name].tolist() for name in names), strict=True))
    return write_release(tmp_path_factory.mktemp("iemocap"), turns)


@pytest.mark.shared
class TestRealLabels:
    def test_the_six_way_reading_has_the_counts_printed_for_it(self, release, sizes):
        corpus = read_iemocap(release)
        assert sizes(corpus, "dialogxl") == ([100, 20, 31], [4778, 980, 1622])
        assert [len(ids) for ids in corpus.split("cosmic").parts().values()] == [108, 12, 31]

    def test_the_four_way_reading_has_the_counts_printed_for_it(self, release, sizes):
        conversations, utterances = sizes(read_iemocap(release, labels=4), "hcam")
        assert sum(conversations) == 151
        assert utterances == [3205, 1085, 1241]

    def test_order_is_kept_where_start_times_are_not_monotone(self, release, shared_data):
        arrays = np.load(shared_data / "iemocap" / "utterances.npz")
        corpus = read_iemocap(release, others="context")
        assert [u.id for u in corpus.utterances()] == arrays["utterance_id"].tolist()
        starts = [[u.start for u in c.utterances] for c in corpus.conversations]
        assert sum(times != sorted(times) for times in starts) == 57
