"""What every utterance encoder that is trained here has in common: judged as it is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ercbench.corpora.conversation import Corpus
from ercbench.data.batch import IGNORE
from ercbench.data.utterances import Reader, UtteranceBatch, UtteranceSpec
from ercbench.models.metrics import CHOOSING
from ercbench.models.trainable import Trainable


@dataclass(frozen=True)
class Embedding:
    """What an encoder makes of B utterances.

    Attributes:
        vectors: [B, D], the features.
        logits: [B, C], or None of an encoder without a classifier.
    """

    vectors: Tensor
    logits: Tensor | None = None


class UtteranceEmbedder(Trainable):
    """Trains an encoder of single utterances.

    A model is a subclass that names its settings, its modality and its reader, and builds its
    network, which takes a batch's inputs and returns an `Embedding`. One with a classifier is
    judged by its predictions, one without by the label of each vector's nearest neighbour.

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.

    Attributes:
        modality: What it reads: `text` or `audio`.
        classifies: Whether the network has a classifier.
        fitted_on: Conversations whose labels it is trained on.
    """

    modality: ClassVar[str]
    classifies: ClassVar[bool] = True
    spec: UtteranceSpec

    def __init__(self, spec: UtteranceSpec | dict[str, Any], **settings: Any) -> None:
        spec = spec if isinstance(spec, UtteranceSpec) else UtteranceSpec(**spec)
        super().__init__(spec, settings)
        self.network = self.build_network()
        self.fitted_on: list[str] | None = None
        self.begin(self.stages()[-1])
        self._seen: list[tuple[Tensor, Tensor]] = []

    def build_network(self) -> nn.Module:
        """Returns the network; for a subclass to say."""
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

    def forward(self, batch: UtteranceBatch) -> Embedding:
        """Encodes a batch."""
        return self.network(**batch.inputs)

    def validation_step(self, batch: UtteranceBatch, batch_idx: int) -> None:
        """Collects what is judged: logits, or vectors."""
        embedding = self(batch)
        judged = embedding.vectors if embedding.logits is None else embedding.logits
        self._seen.append((judged.float(), batch.labels))

    def on_validation_epoch_end(self) -> None:
        """Scores the whole validation part."""
        judged, labels = (torch.cat(each) for each in zip(*self._seen, strict=True))
        self._seen.clear()
        predicted = judged.argmax(-1) if self.classifies else nearest_label(judged, labels)
        known, classes = labels != IGNORE, len(self.spec.labels)
        scores = {n: s(predicted[known], labels[known], classes) for n, s in CHOOSING.items()}
        self.tell({f"val/{name}": value.float() for name, value in scores.items()})

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
    distances = torch.cdist(vectors, vectors)
    distances.fill_diagonal_(torch.inf)
    distances[:, labels == IGNORE] = torch.inf
    return labels[distances.argmin(1)]
