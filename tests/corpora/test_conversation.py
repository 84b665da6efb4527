import pytest

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError


def conversation(id, *labels, speaker="A"):
    return Conversation(
        id,
        tuple(
            Utterance(f"{id}-{i}", speaker=f"{id}{speaker}", label=x) for i, x in enumerate(labels)
        ),
    )


CONVERSATIONS = tuple(conversation(id, "joy", None, "anger") for id in "abc")


def corpus(split, conversations=CONVERSATIONS):
    return Corpus("tiny", ("joy", "anger"), conversations, {"official": split})


def test_a_sound_corpus_keeps_order_and_splits():
    made = corpus(Split(("a",), ("b",), ("c",), unseen_speakers=True))
    assert [u.id for u in made.utterances()][:4] == ["a-0", "a-1", "a-2", "b-0"]
    assert made.split("official").parts()["test"] == ("c",)


@pytest.mark.parametrize(
    ("split", "complaint"),
    [
        (Split(("a", "x"), ("b",), ("c",)), "unknown conversations: x"),
        (Split(("a", "b"), ("b",), ("c",)), "more than once: b"),
        (Split(("a",), ("b",), ("b", "c")), "more than once: b"),
        (Split(("a",), ("b",), ()), "leaves conversations out: c"),
        (Split((), ("a", "b"), ("c",)), "no conversation in: train"),
    ],
)
def test_a_split_that_is_no_partition_is_refused(split, complaint):
    with pytest.raises(ErcbenchError, match=complaint):
        corpus(split)


def test_a_broken_claim_of_unseen_speakers_is_refused():
    shared = tuple(
        Conversation(id, (Utterance(f"{id}-0", speaker="same", label="joy"),)) for id in "abc"
    )
    with pytest.raises(ErcbenchError, match="unseen test speakers.*same"):
        corpus(Split(("a",), ("b",), ("c",), unseen_speakers=True), shared)


def test_an_empty_conversation_is_refused():
    with pytest.raises(ErcbenchError, match="'x' is empty"):
        Conversation("x", ())


def test_a_label_outside_the_label_set_is_refused_with_the_valid_ones():
    odd = (*CONVERSATIONS[:2], conversation("c", "boredom"))
    with pytest.raises(ErcbenchError, match=r"'boredom'.*\(joy, anger\)"):
        corpus(Split(("a",), ("b",), ("c",)), odd)


def test_an_id_that_occurs_twice_is_refused():
    with pytest.raises(ErcbenchError, match="conversation id occurs more than once: a"):
        corpus(Split(("a",), ("b",), ("c",)), (*CONVERSATIONS, CONVERSATIONS[0]))


def test_an_unknown_split_lists_the_known():
    made = corpus(Split(("a",), ("b",), ("c",)))
    with pytest.raises(ErcbenchError, match="no split 'cosmic'; it has: official"):
        made.split("cosmic")
