"""A corpus without some of its utterances."""

from collections.abc import Set
from dataclasses import replace
from typing import Any

from ercbench.corpora.conversation import Conversation, Corpus, Split


def cut(corpus: Corpus, kept: Set[str], **provenance: Any) -> Corpus:
    """Returns a corpus of the utterances that are kept, as if there were no others.

    A conversation that becomes empty leaves the splits, and a split one part of which becomes
    empty is left out.

    Args:
        corpus: The whole.
        kept: Ids of utterances.
        provenance: What is added to the corpus's own.
    """
    conversations = tuple(
        Conversation(whole.id, turns)
        for whole in corpus.conversations
        if (turns := tuple(turn for turn in whole.utterances if turn.id in kept))
    )
    ids = {conversation.id for conversation in conversations}
    splits = {name: _among(split, ids) for name, split in corpus.splits.items()}
    return replace(
        corpus,
        conversations=conversations,
        splits={name: split for name, split in splits.items() if all(split.parts().values())},
        provenance={**corpus.provenance, **provenance},
    )


def _among(split: Split, ids: Set[str]) -> Split:
    train, validation, test = (
        tuple(id for id in part if id in ids) for part in split.parts().values()
    )
    return Split(train, validation, test, split.unseen_speakers)
