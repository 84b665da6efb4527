"""What every utterance encoder that is trained here has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ercbench.corpora.conversation import Corpus
from ercbench.data.batch import IGNORE
from ercbench.data.utterances import Reader, UtteranceBatch, UtteranceSpec
from ercbench.models.base.metrics import selection_scores
from ercbench.models.base.trainable import Trainable

AT_ONCE = 4096  # vectors that are compared with all others, so that a big part fits in memory


@dataclass(frozen=True)
class Embedding:
    """What an encoder makes of B utterances.

    Attributes:
        vectors: [B, D], the features.
        logits: [B, C], or None of an encoder without a classifier.
        scores: [B], or None of an encoder that predicts no score.
    """

    vectors: Tensor
    logits: Tensor | None = None
    scores: Tensor | None = None


class UtteranceEmbedder(Trainable):
    """Trains an encoder of single utterances.

    A model is a subclass that names its settings, its modality and its reader, and builds its
    network, which takes a batch's inputs and returns an `Embedding`. One with a classifier is
    evaluated by its predictions, one without by the label of each vector's nearest neighbour.

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.

    Attributes:
        modality: What it reads: `text`, `audio` or `visual`.
        classifies: Whether the network has a classifier.
        reads_folder: Whether it is trained on a folder of its own, which has nothing to do with
            any conversation, instead of a prepared corpus.
        read_together: Utterances that are read before they are encoded. With 1, a vector depends on
            its own utterance alone, to the last bit.
        vectors: How many of the network's vectors, end to end, make up an utterance's.
        changeable: Settings that say how utterances are encoded, not how the encoder is trained.
        added_later: Settings that encoders of older versions lack, with what these did.
        fitted_on: Conversations whose labels it is trained on.
    """

    modality: ClassVar[str]
    classifies: ClassVar[bool] = True
    reads_folder: ClassVar[bool] = False
    read_together: ClassVar[int] = 256
    vectors: ClassVar[int] = 1
    changeable: ClassVar[tuple[str, ...]] = ()
    added_later: ClassVar[Mapping[str, Any]] = {}
    spec: UtteranceSpec

    def __init__(self, spec: UtteranceSpec | dict[str, Any], **settings: Any) -> None:
        spec = spec if isinstance(spec, UtteranceSpec) else UtteranceSpec(**spec)
        super().__init__(spec, settings)
        self.network = self.build_network()
        self.fitted_on: list[str] | None = None
        self.stage = self.stages()[-1]
        self.freeze_others()
        self._seen: list[tuple[Tensor, Tensor]] = []

    def build_network(self) -> nn.Module:
        """Returns the network; for a subclass to say."""
        raise NotImplementedError

    @classmethod
    def read_folder(cls, settings: Any, source: Path, seed: int) -> Corpus:
        """Returns what it is trained on as a corpus of one split, for a subclass that says so.

        Args:
            settings: Of the class `settings_class`.
            source: The folder.
            seed: Of the split.
        """
        raise NotImplementedError

    @classmethod
    def make_reader(cls, settings: Any, corpus: Corpus | None, cache: Path) -> Reader:
        """Returns how utterances are read; for a subclass to say.

        Args:
            settings: Of the class `settings_class`.
            corpus: All that will be read, for a reader that prepares for it; None if not known.
            cache: Folder for what it prepares.
        """
        raise NotImplementedError

    @classmethod
    def make_encoding_reader(cls, settings: Any, cache: Path) -> Reader:
        """Returns how utterances are read once it is trained: as in training, usually.

        Args:
            settings: Of the class `settings_class`.
            cache: Folder for what the reader prepares.
        """
        return cls.make_reader(settings, None, cache)

    def forward(self, batch: UtteranceBatch) -> Embedding:
        """Encodes a batch."""
        return self.shared(lambda own: self.network(**own.inputs), batch)

    def validation_step(self, batch: UtteranceBatch, batch_idx: int) -> None:
        """Collects what is evaluated: logits, or vectors."""
        embedding = self(batch)
        judged = embedding.vectors if embedding.logits is None else embedding.logits
        self._seen.append((judged.float(), batch.labels))

    def on_validation_epoch_end(self) -> None:
        """Scores the whole validation part."""
        judged, labels = (torch.cat(each) for each in zip(*self._seen, strict=True))
        self._seen.clear()
        predicted = judged.argmax(-1) if self.classifies else nearest_label(judged, labels)
        certain = nn.functional.one_hot(predicted.clamp(min=0), len(self.spec.labels))
        scores = selection_scores(labels, certain)
        self.log_metrics({f"val/{name}": value for name, value in scores.items()})

    def predict_step(self, batch: UtteranceBatch, batch_idx: int) -> tuple[Any, ...]:
        """Returns ids, [B, D] vectors and [B, C] logits or None."""
        embedding = self(batch)
        logits = None if embedding.logits is None else embedding.logits.float().cpu()
        return batch.ids, embedding.vectors.float().cpu(), logits

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes also whose labels the encoder saw."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["fitted_on"] = self.fitted_on


def nearest_label(vectors: Tensor, labels: Tensor) -> Tensor:
    """Returns for each of [N, D] vectors the label of the nearest other one that has a label."""
    nearest = []
    for rows in torch.arange(len(vectors), device=vectors.device).split(AT_ONCE):
        distances = torch.cdist(vectors[rows], vectors)
        distances[torch.arange(len(rows)), rows] = torch.inf
        distances[:, labels == IGNORE] = torch.inf
        nearest.append(labels[distances.argmin(1)])
    return torch.cat(nearest)
