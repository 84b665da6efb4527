"""The data module every dataset shares: a store, a split and a choice of features."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ercbench.corpora.conversation import Corpus
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.data.dataset import ConversationDataset
from ercbench.data.labels import check_labels
from ercbench.data.sampler import ConversationBatchSampler
from ercbench.data.scores import with_score_classes
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.metrics import Target


@dataclass(frozen=True)
class DataSpec:
    """What a model must know of its data before it can be built; plain values, all from training.

    Attributes:
        widths: Modality to feature width, in the order the model sees them.
        labels: Label names in index order.
        label_counts: Labelled training utterances per label.
        shift_rate: Share of differing labels among all ordered pairs of labelled utterances
            within a training conversation, each utterance with itself included.
        mean_score: Mean of the training scores where these are learned, and `labels` is `score`
            alone, for a network of one output; None where labels are.
    """

    widths: dict[str, int]
    labels: list[str]
    label_counts: list[int]
    shift_rate: float
    mean_score: float | None = None

    def plain(self) -> dict:
        """Returns the spec as plain containers, as a checkpoint keeps it."""
        told = asdict(self)
        if self.mean_score is None:  # which checkpoints of labels never had
            del told["mean_score"]
        return told


class ConversationDataModule(L.LightningDataModule):
    """Batches of conversations from a feature store.

    A subclass says how its store comes to be (`open_store`); everything else is here. Only the
    training part is read before `trainer.test` asks for the test part.

    Args:
        split: Name of one of the corpus's splits.
        features: Feature sets, as `modality:name` or `modality`; None takes every modality's
            only set.
        batch_size: Conversations per training batch.
        window: See `ConversationBatchSampler`.
        seed: Of the order of the training batches.
        target: What is learned: `labels`, or `score`, whose classes are then the labels.
    """

    def __init__(
        self,
        split: str,
        features: str | Sequence[str] | None = None,
        *,
        batch_size: int,
        window: int,
        seed: int = 0,
        target: Target = "labels",
    ) -> None:
        super().__init__()
        if batch_size < 1 or window < 1:
            raise ErcbenchError(
                f"dataset.batch_size={batch_size}, dataset.window={window}: expected at least 1 "
                "each. Correct the setting."
            )
        self.split_name, self.wanted = split, features
        self.batch_size, self.window, self.seed = batch_size, window, seed
        self.target: Target = target

    def open_store(self) -> FeatureStore:
        """Returns the dataset's store, made first if need be; for a subclass to say."""
        raise NotImplementedError

    @cached_property
    def store(self) -> FeatureStore:
        """The feature store in use."""
        return self.open_store()

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus in use.

        Raises:
            ErcbenchError: Scores are to be learned, and it has none.
        """
        corpus = self.store.corpus
        return corpus if self.target == "labels" else with_score_classes(corpus)

    @cached_property
    def feature_sets(self) -> list[FeatureSet]:
        """The feature sets in use, in the order the settings name them."""
        wanted = [self.wanted] if isinstance(self.wanted, str) else self.wanted
        if wanted is None:
            wanted = list(dict.fromkeys(key.split(":")[0] for key in self.store.keys()))
            wanted.sort(key=_usual_order)
        return self.store.select(wanted)

    @cached_property
    def spec(self) -> DataSpec:
        """What a model is built from.

        Raises:
            ErcbenchError: The split has too few labels, as in `check_labels`.
        """
        check_labels(self.corpus, self.split_name)
        train = self.part("train")
        per_conversation = [
            Counter(label for label in train.labels(i).tolist() if label != IGNORE)
            for i in range(len(train))
        ]
        counts = sum(per_conversation, Counter())
        pairs = sum(c.total() ** 2 for c in per_conversation)
        same = sum(n**2 for c in per_conversation for n in c.values())
        spec = DataSpec(
            widths={s.modality: s.width for s in self.feature_sets},
            labels=list(self.corpus.labels),
            label_counts=[counts[i] for i in range(len(self.corpus.labels))],
            shift_rate=1 - same / max(pairs, 1),
        )
        if self.target == "labels":
            return spec
        scores = torch.cat([train.scores(i) for i in range(len(train))])
        known = scores[scores != IGNORE]
        return replace(
            spec, labels=["score"], label_counts=[len(known)], mean_score=float(known.mean())
        )

    @cached_property
    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Modality to ([D] mean, [D] standard deviation) over the present training rows.

        A feature that does not vary gets a standard deviation of 1.
        """
        return {s.modality: self._statistics(s) for s in self.feature_sets}

    def part(self, name: str) -> ConversationDataset:
        """Returns `train`, `validation` or `test`.

        Raises:
            ErcbenchError: The part has no conversation.
        """
        wanted = set(self.corpus.split(self.split_name).parts()[name])
        if not wanted:
            raise ErcbenchError(
                f"Split '{self.split_name}' of corpus '{self.corpus.name}': no conversation in its "
                f"{name} part; expected one or more. Take another split."
            )
        return self.dataset(wanted)

    def dataset(self, ids: Set[str]) -> ConversationDataset:
        """Returns the conversations of these ids, in the corpus's order; at least one."""
        chosen = [
            (conversation, first)
            for conversation, first in zip(self.corpus.conversations, self._first_rows, strict=True)
            if conversation.id in ids
        ]
        conversations, first_rows = zip(*chosen, strict=True)
        return ConversationDataset(
            conversations, first_rows, self.feature_sets, self.corpus.labels, self.target
        )

    def train_dataloader(self) -> DataLoader[ConversationItem]:
        """Shuffled batches, another order each epoch."""
        part = self.part("train")
        lengths = [len(conversation) for conversation in part.conversations]
        sampler = ConversationBatchSampler(
            lengths, self.batch_size, self.seed, self._epoch, self.window
        )
        return DataLoader(part, batch_sampler=sampler, collate_fn=collate)

    def val_dataloader(self) -> DataLoader[ConversationItem]:
        """The validation part, in corpus order."""
        return DataLoader(self.part("validation"), batch_size=self.batch_size, collate_fn=collate)

    def test_dataloader(self) -> DataLoader[ConversationItem]:
        """The test part, in corpus order."""
        return DataLoader(self.part("test"), batch_size=self.batch_size, collate_fn=collate)

    def _epoch(self) -> int:
        return self.trainer.current_epoch if self.trainer else 0

    @cached_property
    def _first_rows(self) -> list[int]:
        lengths = [len(conversation) for conversation in self.corpus.conversations]
        return list(accumulate(lengths, initial=0))[:-1]

    def _statistics(self, features: FeatureSet) -> tuple[Tensor, Tensor]:
        train = self.part("train")
        rows = [
            features.rows(first, first + len(conversation))[
                features.present[first : first + len(conversation)]
            ]
            for conversation, first in zip(train.conversations, train.first_rows, strict=True)
        ]
        values = np.concatenate(rows).astype(np.float64)
        if not len(values):
            raise ErcbenchError(
                f"Features '{features.key}': no training utterance has them. Use other features "
                "or another split."
            )
        mean, deviation = values.mean(0), values.std(0)
        deviation[deviation < 1e-8] = 1
        return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()


def _usual_order(modality: str) -> tuple[int, str]:
    """Sorts text, audio, visual, then others by name."""
    order = {"text": 0, "audio": 1, "visual": 2}
    return order.get(modality, len(order)), modality


def cache_path(stores: Path, name: str, fingerprint: str) -> Path:
    """Returns where a store made from its source lives: `<stores>/<name>-<fingerprint>`."""
    return stores / f"{name}-{fingerprint[:12]}"
