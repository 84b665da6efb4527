"""IEMOCAP's 4-way task from the files of the field, which hold 6 classes."""

from dataclasses import replace
from typing import Any

from ercbench.corpora.community.read import CommunityFile
from ercbench.corpora.conversation import Conversation, Corpus
from ercbench.corpora.cutting import cut
from ercbench.corpora.iemocap import CODES, LABELS
from ercbench.errors import ErcbenchError

# What the 4-way task calls a label of the 6-way one; 'frustrated' has no name there.
NAMES = {CODES[6][code]: name for code, name in CODES[4].items()}
# The file does not tell which of its 'happy' are the release's 'xxx', so they stay.
COUNTS = (
    "; 4-way: excited is 'happy', frustrated is left out, the 53 stay: 5584 utterances in the "
    "field's files, 5531 from the release"
)


def with_labels(file: CommunityFile, labels: Any) -> CommunityFile:
    """Returns a file with the number of classes that a setting asks for.

    Args:
        file: What was read, its utterances called by their final ids.
        labels: 6 or 4, for IEMOCAP; None for those of the file.

    Raises:
        ErcbenchError: The file does not hold so many classes, or labels that could be merged.
    """
    if labels is None:
        return file
    names, offered = file.corpus.labels, _offered(file.corpus)
    if labels not in offered:
        expected = " or ".join(map(str, offered)) or "labels only for a file of IEMOCAP"
        raise ErcbenchError(
            f"labels={labels}: found {file.recognised}; {len(names)} classes ({', '.join(names)}); "
            f"expected {expected}. Correct labels or leave it out, or give another file."
        )
    return file if labels == len(names) else four_way(file)


def four_way(file: CommunityFile) -> CommunityFile:
    """Returns a 6-way file as the 4-way task: excited becomes happy, frustrated is left out.

    What is left out leaves before the sequence is built, and its rows of the features with it;
    the other utterances keep their ids. A dialogue that becomes empty leaves the splits, and a
    split one part of which becomes empty is left out.

    Args:
        file: Of IEMOCAP with 6 classes; features [N, D].

    Returns:
        The file with features [M, D], a row for each of the M utterances that are kept.
    """
    corpus = _four_way_corpus(file.corpus)
    kept = {utterance.id for utterance in corpus.utterances()}
    rows = [utterance.id in kept for utterance in file.corpus.utterances()]
    features = {key: values[rows] for key, values in file.features.items()}
    return replace(file, corpus=corpus, features=features)


def _offered(corpus: Corpus) -> list[int]:
    """Returns the numbers of classes that a corpus can be read with, where it has a choice."""
    return [ways for ways in CODES if corpus.name == "iemocap" and ways <= len(corpus.labels)]


def _four_way_corpus(corpus: Corpus) -> Corpus:
    kept = cut(
        corpus,
        {utterance.id for utterance in corpus.utterances() if utterance.label in NAMES},
        labels=f"{corpus.provenance['labels']}{COUNTS}",
        other_classes="drop",
    )
    return replace(
        kept, labels=LABELS[4], conversations=tuple(map(_four_way_labels, kept.conversations))
    )


def _four_way_labels(conversation: Conversation) -> Conversation:
    turns = (replace(turn, label=NAMES[str(turn.label)]) for turn in conversation.utterances)
    return Conversation(conversation.id, tuple(turns))
