"""Single utterances as an encoder in training reads them: raw text, or a picture of the sound."""

import math
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ercbench.corpora.conversation import Corpus
from ercbench.data.balanced import BalancedBatchSampler
from ercbench.data.batch import IGNORE
from ercbench.data.labels import check_labels
from ercbench.data.sampler import ConversationBatchSampler, StretchBatchSampler
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.context import same_stretch
from ercbench.features.encoders.encoder import Item, items_of


@dataclass(frozen=True)
class UtteranceSpec:
    """What an encoder must know of its data before it can be built; all from training.

    Attributes:
        labels: Label names in index order.
        label_counts: Labelled training utterances per label.
    """

    labels: list[str]
    label_counts: list[int]

    def plain(self) -> dict[str, Any]:
        """Returns the spec as plain containers, as a checkpoint keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class UtteranceBatch:
    """B utterances.

    Attributes:
        inputs: What the encoder's network takes, by argument name; the first dimension is B.
        labels: [B] int64, `IGNORE` where there is none.
        ids: B utterance ids.
        scores: [B] float32, NaN where there is none.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    ids: tuple[str, ...]
    scores: Tensor

    @property
    def lengths(self) -> list[int]:
        """1 for each utterance: a batch's rows are single utterances."""
        return [1] * len(self.ids)

    def rows(self, chosen: slice) -> "UtteranceBatch":
        """Returns the batch of some utterances, padded as before."""
        inputs = {name: values[chosen] for name, values in self.inputs.items()}
        return UtteranceBatch(inputs, self.labels[chosen], self.ids[chosen], self.scores[chosen])

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "UtteranceBatch":
        """Returns the batch on another device."""
        inputs = {n: x.to(device, non_blocking=non_blocking) for n, x in self.inputs.items()}
        labels, scores = self.labels.to(device), self.scores.to(device)
        return replace(self, inputs=inputs, labels=labels, scores=scores)

    def micro_batches(self, utterances: int | None) -> "list[UtteranceBatch]":
        """Returns the batch in parts of at most so many utterances; None for one part."""
        size = utterances or len(self.ids)
        return [self.rows(slice(i, i + size)) for i in range(0, len(self.ids), size)]


class Reader(Protocol):
    """How one kind of encoder reads an utterance."""

    def read(self, item: Item, generator: np.random.Generator | None = None) -> Any:
        """Returns what `collate` takes, with a length, or in plain words why it cannot be read.

        Args:
            item: The utterance in its place.
            generator: For augmentation, in training only.
        """
        ...

    def collate(self, examples: Sequence[Any]) -> dict[str, Tensor]:
        """Returns the network's inputs, padded."""
        ...


class UtteranceDataset(Dataset[tuple[Any, int, str, float]]):
    """Utterances of chosen conversations that can be read.

    Args:
        items: The utterances.
        reader: How they are read.
        labels: Label names in index order.
        seed: Of augmentation; None for none.
        whole_dialogue: Whether the reader reads many utterances as one sequence.

    Attributes:
        stretches: The places of the utterances of each such sequence.
    """

    def __init__(
        self,
        items: Iterable[Item],
        reader: Reader,
        labels: Sequence[str],
        seed: int | None = None,
        whole_dialogue: bool = False,
    ) -> None:
        self.reader, self.seed, self.epoch = reader, seed, 0
        everything = list(items)
        read = [reader.read(item) for item in everything]
        self.items = [i for i, r in zip(everything, read, strict=True) if not isinstance(r, str)]
        examples = [example for example in read if not isinstance(example, str)]
        self.lengths = [len(example) for example in examples]
        self.stretches = same_stretch(examples) if whole_dialogue else []
        self.unreadable = Counter(reason for reason in read if isinstance(reason, str))
        index = {label: number for number, label in enumerate(labels)}
        said = [item.utterance.label for item in self.items]
        self.labels = [IGNORE if label is None else index[label] for label in said]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Any, int, str, float]:
        generator = None
        if self.seed is not None:
            generator = np.random.default_rng((self.seed, self.epoch, index))
        item, own = self.items[index], self.items[index].utterance
        score = math.nan if own.score is None else own.score
        return self.reader.read(item, generator), self.labels[index], own.id, score


class UtteranceDataModule(L.LightningDataModule):
    """Batches of utterances of a corpus, split by conversation.

    Args:
        corpus: Whose utterances.
        split: Name of one of its splits.
        reader: How they are read.
        batch_size: Utterances per batch.
        members: Of each class in a training batch, so that it is balanced; None for random ones.
        whole_dialogue: Whether utterances that are read as one sequence share a training batch.
        augment: Whether training utterances are augmented.
        seed: Of order and augmentation.
        held_out: Training conversations that are not trained on.
        conversations: Whether the corpus has real conversations, whose labels are not to be seen
            before a test; if not, the encoder is `fitted_on` none.
    """

    def __init__(
        self,
        corpus: Corpus,
        split: str,
        reader: Reader,
        batch_size: int,
        members: int | None = None,
        whole_dialogue: bool = False,
        augment: bool = False,
        seed: int = 0,
        held_out: Sequence[str] = (),
        conversations: bool = True,
    ) -> None:
        super().__init__()
        self.corpus, self.split_name, self.reader = corpus, split, reader
        self.split = corpus.split(split)
        self.batch_size, self.members, self.seed = batch_size, members, seed
        self.whole_dialogue = whole_dialogue
        self.augment, self.conversations = augment, conversations
        self.held_out = frozenset(held_out)
        self.trained_on = [id for id in self.split.train if id not in self.held_out]
        self._parts: dict[str, UtteranceDataset] = {}

    @property
    def fitted_on(self) -> list[str]:
        """The conversations whose labels are learned from."""
        return self.trained_on if self.conversations else []

    @cached_property
    def spec(self) -> UtteranceSpec:
        """What an encoder is built from.

        Raises:
            ErcbenchError: The split has too few labels, as in `check_labels`.
        """
        check_labels(self.corpus, self.split_name)
        counts = Counter(self.part("train").labels)
        labels = list(self.corpus.labels)
        return UtteranceSpec(labels, [counts[number] for number in range(len(labels))])

    def part(self, name: str) -> UtteranceDataset:
        """Returns `train`, `validation` or `test`, each read when first asked for.

        Raises:
            ErcbenchError: Nothing of it can be read.
        """
        if name not in self._parts:
            wanted = set(self.trained_on if name == "train" else self.split.parts()[name])
            items = [item for item in items_of(self.corpus) if item.conversation.id in wanted]
            seed = self.seed if self.augment and name == "train" else None
            part = UtteranceDataset(
                items, self.reader, self.corpus.labels, seed, self.whole_dialogue
            )
            _report_unreadable(name, len(items), part.unreadable)
            self._parts[name] = part
        return self._parts[name]

    def train_dataloader(self) -> DataLoader[Any]:
        """Batches in another order each epoch, balanced if so wished."""
        part = self.part("train")
        return DataLoader(part, batch_sampler=self._sampler(part), collate_fn=self.collate)

    def _sampler(self, part: UtteranceDataset) -> Sampler[list[int]]:
        size, order = self.batch_size, (self.seed, self._epoch)
        if self.members is not None:
            return BalancedBatchSampler(part.labels, size // self.members, self.members, *order)
        if not self.whole_dialogue:
            return ConversationBatchSampler(part.lengths, size, *order, window=16)
        lengths = [part.lengths[stretch[0]] for stretch in part.stretches]
        count = max(1, round(size * len(lengths) / len(part)))
        sequences = ConversationBatchSampler(lengths, count, *order, window=16)
        return StretchBatchSampler(part.stretches, sequences)

    def val_dataloader(self) -> DataLoader[Any]:
        """The validation part."""
        return self.loader("validation")

    def loader(self, name: str) -> DataLoader[Any]:
        """Returns a part, utterances of like length together, so that little is padding."""
        part = self.part(name)
        order = sorted(range(len(part)), key=part.lengths.__getitem__)
        # By name: after an error in a loader Lightning's wrapper stays, and takes it by name only.
        return DataLoader(
            part, sampler=order, batch_size=2 * self.batch_size, collate_fn=self.collate
        )

    def collate(self, examples: Sequence[tuple[Any, int, str, float]]) -> UtteranceBatch:
        """Puts what was read in one batch."""
        read, labels, ids, scores = zip(*examples, strict=True)
        inputs = self.reader.collate(read)
        return UtteranceBatch(inputs, torch.tensor(labels), tuple(ids), torch.tensor(scores))

    def _epoch(self) -> int:
        epoch = self.trainer.current_epoch if self.trainer else 0
        self.part("train").epoch = epoch
        return epoch


def _report_unreadable(part: str, count: int, reasons: Mapping[str, int]) -> None:
    lost = sum(reasons.values())
    told = ", ".join(f"{reason} ({number})" for reason, number in Counter(reasons).most_common(3))
    if lost == count:
        raise ErcbenchError(
            f"None of the {count} {part} utterances can be read: {told or 'there are none'}. Give "
            "a store whose corpus has what this encoder reads, or another split."
        )
    if lost:
        warnings.warn(f"{lost} of {count} {part} utterances cannot be read: {told}", stacklevel=2)
