"""What an encoder is: anything that turns utterances into vectors, one for each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ercbench.corpora.conversation import Conversation, Utterance


@dataclass(frozen=True, slots=True)
class Item:
    """An utterance in its place, because some encoders also read its neighbours.

    Attributes:
        conversation: The conversation it belongs to.
        turn: Its place there, from 0.
    """

    conversation: Conversation
    turn: int

    @property
    def utterance(self) -> Utterance:
        """The utterance itself."""
        return self.conversation.utterances[self.turn]


Vector = np.ndarray | str
"""A vector [width] float32, or in plain words why there is none."""


class Encoder(Protocol):
    """One modality's way from an utterance to a vector.

    It is sent to worker processes, so it can be pickled; it loads its weights when it first
    encodes. Equal settings give equal vectors, whatever else is in `items`, up to rounding.

    One that needs other fields of an utterance than its modality suggests names them, one of
    which must be there, in `inputs`. One whose model was trained on whole corpora names these in
    `trained_on`.
    """

    @property
    def name(self) -> str:
        """Distinguishes the feature sets of one modality."""
        ...

    @property
    def modality(self) -> str:
        """What it reads: `text`, `audio` or `visual`."""
        ...

    @property
    def width(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fitted_on(self) -> list[str] | None:
        """Conversations whose labels it saw: none for a public encoder; None if not known."""
        ...

    def describe(self) -> dict[str, Any]:
        """Returns `encoder`, `revision` and `settings` as JSON values, the same everywhere.

        No path and no name of a machine belongs in it: what several machines make is put
        together only where their descriptions are equal.
        """
        ...

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns, in order, a vector or the reason why there is none."""
        ...


class Spoken(Protocol):
    """What is encoded: a `Corpus`, or one that is read from disk as it is gone through."""

    @property
    def name(self) -> str:
        """Of the corpus."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where it came from."""
        ...

    @property
    def conversations(self) -> Iterable[Conversation]:
        """In the order of the manifest."""
        ...


def items_of(corpus: Spoken, conversations: Iterable[Conversation] | None = None) -> Iterator[Item]:
    """Yields every utterance in its place, in the order of the manifest.

    A video of the whole dialogue is left out: it is not the utterance's own, and would give all
    utterances the beginning of theirs.

    Args:
        corpus: Whose utterances.
        conversations: Those of its conversations that are wanted; None for all.
    """
    for conversation in corpus.conversations if conversations is None else conversations:
        if has_whole_recordings(corpus):
            own = tuple(replace(utterance, video=None) for utterance in conversation.utterances)
            conversation = replace(conversation, utterances=own)
        for turn in range(len(conversation)):
            yield Item(conversation, turn)


def has_whole_recordings(corpus: Spoken) -> bool:
    """Returns whether the corpus's videos show whole dialogues, as IEMOCAP's do."""
    return corpus.provenance.get("video") == "whole recordings"
