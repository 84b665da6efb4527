from dataclasses import replace

import pytest

from ercbench.corpora.community.read import read_community
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.counts import count_differences
from ercbench.corpora.mosi.contextual import read_contextual


@pytest.fixture
def corpus():
    """A corpus that has the published counts of MELD."""
    conversations = []
    for part, (number, total) in {
        "train": (1038, 9989),
        "dev": (114, 1109),
        "test": (280, 2610),
    }.items():
        for index in range(number):
            length = total - (number - 1) if index == 0 else 1
            turns = tuple(
                Utterance(f"{part}-{index}-{turn}", "Ann", label="joy") for turn in range(length)
            )
            conversations.append(Conversation(f"{part}-{index}", turns))
    parts = [
        tuple(c.id for c in conversations if part in c.id) for part in ("train", "dev", "test")
    ]
    return Corpus("meld", ("joy",), tuple(conversations), {"official": Split(*parts)})


def test_published_counts_leave_nothing_to_report(corpus):
    assert count_differences(corpus) == []


def test_a_missing_utterance_is_reported_with_both_numbers(corpus):
    first, *rest = corpus.conversations
    shorter = Conversation(first.id, first.utterances[1:])
    lines = count_differences(replace(corpus, conversations=(shorter, *rest)))
    assert len(lines) == 1
    assert "train: 9988 utterances, published 9989" in lines[0]


def test_an_utterance_without_a_label_is_not_counted(corpus):
    first, *rest = corpus.conversations
    unlabelled = replace(first.utterances[0], label=None)
    context = Conversation(first.id, (unlabelled, *first.utterances[1:]))
    lines = count_differences(replace(corpus, conversations=(context, *rest)))
    assert "9988 utterances" in lines[0]


def test_a_published_split_that_is_not_there_is_reported(corpus):
    assert "no split 'official'" in count_differences(replace(corpus, splits={}))[0]


def test_a_corpus_nobody_has_counted_has_nothing_to_differ_from(corpus):
    assert count_differences(replace(corpus, name="mine")) == []


@pytest.mark.shared
def test_the_real_corpora_differ_only_where_the_papers_do(shared_data):
    assert count_differences(read_contextual(shared_data / "mosi")[0]) == []
    meld = read_community(shared_data / "meld" / "cosmic_meld.pkl").corpus
    assert count_differences(meld) == []
    iemocap = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl").corpus
    lines = count_differences(iemocap)
    assert all("dialogxl" in line for line in lines)
    assert any("test: 1623 utterances, published 1622" in line for line in lines)
