"""How well an encoder's vectors tell the labels of a corpus apart."""

from dataclasses import dataclass
from typing import Any

import lightning as L
import numpy as np
import torch
from omegaconf import DictConfig

from ercbench.data.batch import IGNORE
from ercbench.data.utterances import UtteranceDataModule
from ercbench.evaluation.encoders.projection import Vectors
from ercbench.evaluation.encoders.retrieval import neighbour, probe, retrieval, scores
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.training.sharing import placement


@dataclass(frozen=True)
class Embedded(Vectors):
    """What an encoder makes of the labelled utterances of a part.

    Attributes:
        logits: [N, C], or None of an encoder without a classifier.
    """

    logits: np.ndarray | None = None

    @property
    def labelled(self) -> tuple[np.ndarray, np.ndarray]:
        """Vectors [N, D] and their labels [N]."""
        return self.values, self.labels


def evaluate_vectors(train: Embedded | None, test: Embedded) -> dict[str, dict[str, float]]:
    """Returns how well the vectors tell the labels of the test part apart.

    Returns:
        `probe`, fitted on the training part, or without it `neighbour`, within the test part;
        `retrieval` within the test part; and the scores of the `classifier`, of an encoder that
        has one.
    """
    found: dict[str, dict[str, float]] = {}
    if train is not None:
        found["probe"] = probe(train.labelled, test.labelled)
    else:
        found["neighbour"] = neighbour(*test.labelled)
    found["retrieval"] = retrieval(*test.labelled)
    if test.logits is not None:
        found["classifier"] = scores(test.labels, test.logits.argmax(1))
    return found


def embed_parts(
    model: UtteranceEmbedder, datamodule: UtteranceDataModule, config: DictConfig
) -> tuple[Embedded | None, Embedded]:
    """Returns the training part, unless none of its labels are the test part's, and the latter."""
    shared = set(datamodule.part("train").labels) & set(datamodule.part("test").labels)
    train = embed(model, datamodule, "train", config) if shared else None
    return train, embed(model, datamodule, "test", config)


def embed(
    model: UtteranceEmbedder, datamodule: UtteranceDataModule, part: str, config: DictConfig
) -> Embedded:
    """Encodes the labelled utterances of a part."""
    trainer = L.Trainer(
        accelerator=config.trainer.accelerator,
        precision=config.trainer.precision,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **placement(),
    )
    batches: Any = trainer.predict(model, datamodule.loader(part))
    ids, vectors, logits = zip(*batches, strict=True)
    items, labels = datamodule.part(part).items, np.array(datamodule.part(part).labels)
    place = {id: row for row, id in enumerate(id for batch in ids for id in batch)}
    known = labels != IGNORE
    rows = np.array([place[item.utterance.id] for item in items])[known]
    return Embedded(
        torch.cat(vectors).numpy()[rows],
        labels[known],
        np.array([item.utterance.speaker for item in items])[known],
        None if logits[0] is None else torch.cat(logits).numpy()[rows],
    )
