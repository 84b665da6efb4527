"""A part of a corpus that answers are held against: its conversations, and scores of answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import nan

import numpy as np

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Utterance
from ercbench.errors import ErcbenchError
from ercbench.metrics import Target, labelled, previous_labels
from ercbench.records.scores import Scores, score


@dataclass(frozen=True)
class CorpusPart:
    """Conversations of a corpus, in its order.

    Attributes:
        corpus: The corpus.
        split: Name of one of its splits.
        part: `train`, `validation`, `test` or `all`.
    """

    corpus: Corpus
    split: str
    part: str = "test"

    @cached_property
    def conversations(self) -> tuple[Conversation, ...]:
        """The conversations.

        Raises:
            ErcbenchError: The corpus has no such split.
        """
        parts = self.corpus.split(self.split).parts()
        wanted = {id for name in PARTS if self.part in (name, "all") for id in parts[name]}
        return tuple(own for own in self.corpus.conversations if own.id in wanted)

    def utterances(self) -> Iterator[tuple[str, Utterance]]:
        """Yields N utterances, each with its conversation's id."""
        for conversation in self.conversations:
            yield from ((conversation.id, utterance) for utterance in conversation.utterances)

    def scores(
        self, probabilities: np.ndarray, labels_only: bool = False, target: Target = "labels"
    ) -> Scores:
        """Returns the scores of [N, C] probabilities, or of [N, 1] predicted scores; see `score`.

        Raises:
            ErcbenchError: No utterance has a label.
        """
        index = {label: number for number, label in enumerate(self.corpus.labels)}
        said = list(self.utterances())
        truth = np.array([-1 if own.label is None else index[own.label] for _, own in said])
        conversations, speakers = zip(*((id, own.speaker) for id, own in said), strict=True)
        previous = previous_labels(np.array(conversations), np.array(speakers), truth)
        rated = None
        if target == "score":
            rated = np.array([nan if own.score is None else own.score for _, own in said])
        found = score(labelled(truth, probabilities, previous, rated), labels_only)
        if found is None:
            raise ErcbenchError(
                f"{self.corpus.name}, split {self.split}: its {self.part} part has no labels, so "
                "that there is nothing to compare. Take another one, or prepare it with labels."
            )
        return found
