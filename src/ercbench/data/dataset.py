"""Conversations of a part of a split, as a data module batches them."""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.utils.data import Dataset

from ercbench.corpora.conversation import Conversation
from ercbench.data.batch import IGNORE, ConversationItem
from ercbench.features.store.feature_set import FeatureSet
from ercbench.metrics import Target


def speaker_numbers(conversation: Conversation) -> Tensor:
    """Returns a conversation's [L] speakers, numbered in order of appearance."""
    numbers: dict[str, int] = {}
    for utterance in conversation.utterances:
        numbers.setdefault(utterance.speaker, len(numbers))
    return torch.tensor([numbers[utterance.speaker] for utterance in conversation.utterances])


class ConversationDataset(Dataset[ConversationItem]):
    """Conversations of one part of a split, each read from the store when asked for.

    Args:
        conversations: The conversations.
        first_rows: The manifest row of each conversation's first utterance.
        feature_sets: Whose rows to read.
        labels: Label names in index order.
        target: Whether labels or scores are learned.
    """

    def __init__(
        self,
        conversations: Sequence[Conversation],
        first_rows: Sequence[int],
        feature_sets: Sequence[FeatureSet],
        labels: Sequence[str],
        target: Target = "labels",
    ) -> None:
        self.conversations, self.first_rows = conversations, first_rows
        self.feature_sets, self.target = feature_sets, target
        self.index = {label: index for index, label in enumerate(labels)}

    def __len__(self) -> int:
        return len(self.conversations)

    def __getitem__(self, item: int) -> ConversationItem:
        conversation = self.conversations[item]
        rows = (self.first_rows[item], self.first_rows[item] + len(conversation))
        return ConversationItem(
            id=conversation.id,
            features={s.modality: torch.from_numpy(s.rows(*rows)) for s in self.feature_sets},
            present={
                s.modality: torch.from_numpy(s.present[slice(*rows)]) for s in self.feature_sets
            },
            speakers=self._told[item][0],
            labels=self._told[item][1],
        )

    @cached_property
    def _told(self) -> list[tuple[Tensor, Tensor]]:
        """The speakers and targets of each conversation, which every epoch asks for."""
        return [(self.speakers(item), self.targets(item)) for item in range(len(self))]

    def speakers(self, item: int) -> Tensor:
        """Returns a conversation's [L] speakers, numbered in order of appearance."""
        return speaker_numbers(self.conversations[item])

    def labels(self, item: int) -> Tensor:
        """Returns a conversation's [L] label indices, `IGNORE` where there is none."""
        utterances = self.conversations[item].utterances
        return torch.tensor(
            [IGNORE if u.label is None else self.index[u.label] for u in utterances]
        )

    def targets(self, item: int) -> Tensor:
        """Returns what is learned of a conversation: its labels, or its scores."""
        return self.labels(item) if self.target == "labels" else self.scores(item)

    def scores(self, item: int) -> Tensor:
        """Returns a conversation's [L] float scores, `IGNORE` where there is none."""
        utterances = self.conversations[item].utterances
        return torch.tensor([float(IGNORE) if u.score is None else u.score for u in utterances])
