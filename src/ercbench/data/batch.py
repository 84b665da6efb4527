"""One batch of conversations, padded to its longest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

# Where there is no label: padding, and utterances that nobody labelled.
IGNORE = -100


@dataclass(frozen=True)
class ConversationItem:
    """One conversation as the network will read it; L utterances.

    Attributes:
        id: The conversation's id.
        features: Modality to [L, D] float32; rows that are not present hold zeros.
        present: Modality to [L] bool.
        speakers: [L] int64, numbered from 0 in order of appearance in the conversation.
        labels: [L] int64, or float32 scores where these are learned; `IGNORE` where there is
            none.
    """

    id: str
    features: dict[str, Tensor]
    present: dict[str, Tensor]
    speakers: Tensor
    labels: Tensor


@dataclass(frozen=True)
class ConversationBatch:
    """B conversations padded to the longest, L; a conversation's utterances come first.

    Attributes:
        features: Modality to [B, L, D] float; what stands in padding and in rows that are not
            present must never matter.
        present: Modality to [B, L] bool, True where a real utterance has this modality.
        mask: [B, L] bool, True where an utterance stands.
        speakers: [B, L] int64, numbered from 0 within each conversation.
        labels: [B, L] int64, or float32 scores where these are learned; `IGNORE` where padded or
            unlabelled.
        conversation_ids: B ids.
    """

    features: dict[str, Tensor]
    present: dict[str, Tensor]
    mask: Tensor
    speakers: Tensor
    labels: Tensor
    conversation_ids: tuple[str, ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities, in the data module's order."""
        return tuple(self.features)

    @property
    def classes(self) -> Tensor:
        """[B, L] int64: the labels, or the rounded scores where these are learned."""
        return self.labels.round().long() if self.labels.is_floating_point() else self.labels

    @property
    def lengths(self) -> list[int]:
        """Utterances of each conversation."""
        return self.mask.sum(1).tolist()

    def rows(self, chosen: slice) -> "ConversationBatch":
        """Returns the batch of some conversations, padded as before."""
        ids = self.conversation_ids[chosen]
        return replace(self._each(lambda tensor: tensor[chosen]), conversation_ids=ids)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "ConversationBatch":
        """Returns the batch on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def micro_batches(self, utterances: int | None) -> "list[ConversationBatch]":
        """Cuts the batch into micro-batches of like lengths, each padded only to its own longest.

        Args:
            utterances: Most utterances in a micro-batch (a longer conversation has one of its
                own); None leaves the batch whole.
        """
        if utterances is None:
            return [self]
        lengths = self.lengths
        cuts: list[list[int]] = [[]]
        for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
            if cuts[-1] and sum(lengths[i] for i in cuts[-1]) + lengths[index] > utterances:
                cuts.append([])
            cuts[-1].append(index)
        return [self._chosen(cut, max(lengths[i] for i in cut)) for cut in cuts]

    def _chosen(self, indices: list[int], longest: int) -> "ConversationBatch":
        ids = tuple(self.conversation_ids[i] for i in indices)
        return replace(self._each(lambda tensor: tensor[indices, :longest]), conversation_ids=ids)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "ConversationBatch":
        return ConversationBatch(
            features={m: change(values) for m, values in self.features.items()},
            present={m: change(values) for m, values in self.present.items()},
            mask=change(self.mask),
            speakers=change(self.speakers),
            labels=change(self.labels),
            conversation_ids=self.conversation_ids,
        )


def collate(items: Sequence[ConversationItem]) -> ConversationBatch:
    """Pads conversations to a batch: features with 0, labels with `IGNORE`, masks with False."""

    def padded(tensors: Sequence[Tensor], fill: float = 0) -> Tensor:
        return pad_sequence(list(tensors), batch_first=True, padding_value=fill)

    modalities = items[0].features
    return ConversationBatch(
        features={m: padded([item.features[m] for item in items]) for m in modalities},
        present={m: padded([item.present[m] for item in items]) for m in modalities},
        mask=padded([torch.ones(len(item.labels), dtype=torch.bool) for item in items]),
        speakers=padded([item.speakers for item in items]),
        labels=padded([item.labels for item in items], fill=IGNORE),
        conversation_ids=tuple(item.id for item in items),
    )
