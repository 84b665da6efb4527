"""Whether the speakers on whom a model's settings are chosen have been heard in training."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import Literal

from ercbench.corpora.conversation import Corpus, Split

ValidationSpeakers = Literal["unseen", "seen", "seen in every split"]
"""Whether validation's speakers speak in training too, and whether the corpus has a split where
they do not."""

SHARED: dict[ValidationSpeakers | None, str] = {
    "seen": "validation shares speakers with training",
    "seen in every split": "validation shares speakers with training, as in every split of this "
    "corpus",
}
"""The same in words, where there is anything to say."""


def validation_speakers(
    splits: Mapping[str, Split], speakers: Mapping[str, Set[str]]
) -> dict[str, ValidationSpeakers]:
    """Returns for every split whether its validation part shares a speaker with training.

    Args:
        splits: All of a corpus, by name.
        speakers: Conversation to its speakers.
    """
    shared = {name: _shared(split, speakers) for name, split in splits.items()}
    seen: ValidationSpeakers = "seen in every split" if all(shared.values()) else "seen"
    return {name: seen if own else "unseen" for name, own in shared.items()}


def validation_speakers_of(corpus: Corpus, split: str) -> ValidationSpeakers:
    """Returns whether a split's validation part shares a speaker with its training part."""
    turns = ((c.id, u.speaker) for c in corpus.conversations for u in c.utterances)
    return validation_speakers(corpus.splits, by_conversation(turns))[split]


def by_conversation(turns: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Returns conversation to its speakers, of pairs of a conversation and who speaks in it."""
    found: dict[str, set[str]] = defaultdict(set)
    for conversation, speaker in turns:
        found[conversation].add(speaker)
    return dict(found)


def _shared(split: Split, speakers: Mapping[str, Set[str]]) -> bool:
    heard: set[str] = set().union(*(speakers[id] for id in split.train))
    return any(not heard.isdisjoint(speakers[id]) for id in split.validation)
