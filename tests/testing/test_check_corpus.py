"""A corpus that breaks its contract is found, by the clause that it breaks."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.registry import CORPORA, CorpusReader
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.testing import ContractError, check_corpus
from ercbench.testing.clauses import said
from ercbench.testing.corpora import CORPUS_CONTRACT


def corpus(**changes):
    conversations = tuple(
        Conversation(f"c{i}", (Utterance(f"u{i}", "Ann", "Hello.", "glad"),)) for i in range(3)
    )
    splits = {"given": Split(("c0",), ("c1",), ("c2",))}
    return Corpus("small", ("glad",), conversations, splits, **changes)


def with_utterance(**changes):
    one = corpus()
    first, *others = one.conversations
    changed = replace(first, utterances=(replace(first.utterances[0], **changes),))
    return replace(one, conversations=(changed, *others))


def reader(read, **entry):
    return CorpusReader("small", "Small", "three words", read, **entry)


BROKEN = [
    (replace(corpus(), name="a/b"), "Its name can be that of a folder"),
    (replace(corpus(), labels=("glad", "sad")), "Every label is given"),
    (with_utterance(label=None), "Every part of every split"),
    (with_utterance(audio="clip.wav"), "Recordings have absolute paths"),
    (corpus(provenance={"years": (1, 2)}), "Its provenance consists"),
    (with_utterance(speaker=3), "A feature store gives it back"),
]


@pytest.mark.parametrize(("broken", "clause"), BROKEN, ids=[str(b[1]) for b in BROKEN])
def test_a_broken_corpus_fails_in_the_clause_that_it_breaks(broken, clause):
    with pytest.raises(ContractError) as failed:
        check_corpus(broken)
    assert failed.value.clause.startswith(clause)


def test_a_reader_is_asked_for_its_usual_split_and_twice(tmp_path):
    with pytest.raises(ContractError, match="Found: given, not 'official'"):
        check_corpus(CorpusReader("meld", "M", "m", lambda root: Source(corpus())), tmp_path)
    calls = count()
    with pytest.raises(ContractError, match="Reading it twice"):
        check_corpus(
            reader(lambda root: Source(corpus(provenance={"call": next(calls)}))), tmp_path
        )


def test_folds_must_test_each_conversation_once(tmp_path):
    parts = [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")]
    splits = {test: Split((train,), (val,), (test,)) for train, val, test in parts}
    three = tuple(Conversation(id, (Utterance(f"{id}0", "Ann", "Hello.", "glad"),)) for id in "abc")
    whole = Corpus("small", ("glad",), three, splits)
    folded = reader(lambda root: Source(whole), folds=("a", "b", "c"))
    assert "The test parts of its folds are the corpus, each conversation once." in check_corpus(
        folded, tmp_path
    )
    with pytest.raises(ContractError, match="2 in some fold"):
        check_corpus(reader(lambda root: Source(whole), folds=("a", "b")), tmp_path)
    with pytest.raises(ContractError, match="a in more than one fold"):
        check_corpus(reader(lambda root: Source(whole), folds=("a", "b", "c", "a")), tmp_path)


@pytest.mark.parametrize(
    ("features", "fitted_on", "found"),
    [
        ({"text:x": np.zeros((2, 4), np.float32)}, [], r"\[2, 4\] for 3 utterances"),
        ({"text:x": np.zeros((3, 4))}, [], "float64"),
        ({"text": np.zeros((3, 4), np.float32)}, [], "expected 'modality:name'"),
        ({"text:x": np.full((3, 4), np.nan, np.float32)}, [], "NaN"),
        ({"text:x": np.zeros((3, 4), np.float32)}, ["c9"], "not in it: c9"),
    ],
)
def test_features_that_do_not_fit_are_found(tmp_path, features, fitted_on, found):
    source = Source(corpus(), features, dict.fromkeys(features, fitted_on))
    with pytest.raises(ContractError, match=found):
        check_corpus(reader(lambda root: source), tmp_path)


def test_a_corpus_that_keeps_the_contract_says_what_was_asked():
    passed = check_corpus(corpus())
    assert len(passed) == len(CORPUS_CONTRACT)
    assert passed[0] == said(CORPUS_CONTRACT[0])
    assert "Not asked: no features come with it." in passed[-1]


def test_a_registered_reader_is_checked_by_its_name(tmp_path):
    table = tmp_path / "mine.csv"
    rows = [f"{part}-{i},u{i},Ann,Hello,{label},{part}" for part, label in PARTS for i in range(2)]
    table.write_text("\n".join(["conversation,utterance,speaker,text,label,split", *rows]))
    assert len(check_corpus("csv", table)) == len(CORPUS_CONTRACT)
    with pytest.raises(ErcbenchError, match="nothing to read"):
        check_corpus(CORPORA["simulated"])


PARTS = [("train", "glad"), ("validation", "glad"), ("test", "sad")]
