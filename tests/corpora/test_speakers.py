from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.iemocap import COSMIC_VALIDATION, iemocap_splits
from ercbench.corpora.speakers import validation_speakers, validation_speakers_of


def talks(**speakers):
    conversations = tuple(
        Conversation(id, tuple(Utterance(f"{id}{i}", who) for i, who in enumerate(names)))
        for id, names in speakers.items()
    )
    splits = {"one": Split(("a",), ("b",), ("c",)), "two": Split(("a",), ("c",), ("b",))}
    return Corpus("talks", (), conversations, splits)


def test_one_speaker_of_training_is_enough():
    assert validation_speakers_of(talks(a="XY", b="YZ", c="V"), "one") == "seen"
    assert validation_speakers_of(talks(a="XY", b="YZ", c="V"), "two") == "unseen"


def test_who_speaks_in_test_does_not_matter():
    assert validation_speakers_of(talks(a="X", b="Y", c="XY"), "one") == "unseen"


def test_a_corpus_that_has_no_other_split_says_so():
    assert validation_speakers_of(talks(a="X", b="X", c="X"), "one") == "seen in every split"


def test_of_iemocaps_splits_those_that_divide_a_session_share_speakers():
    sessions = [f"Ses0{s}F_impro0{d}" for s in range(1, 6) for d in (1, 2)]
    ids = sorted({*sessions, *COSMIC_VALIDATION, "Ses04M_script03_2"})
    found = validation_speakers(iemocap_splits(ids), {id: {id[:5] + "F"} for id in ids})
    shared = {name for name, own in found.items() if own == "seen"}
    assert shared == {"cosmic", "dialogxl"}
    assert {found[name] for name in found.keys() - shared} == {"unseen"}
