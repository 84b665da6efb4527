"""What a trained model says of the test part: probabilities, their scores, their rows."""

from dataclasses import dataclass
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ercbench.data.batch import IGNORE
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.dataset import ConversationDataset
from ercbench.metrics import labelled, previous_labels
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.ensemble import choose_weights, mix
from ercbench.records.prediction_rows import rows_of
from ercbench.records.run_record import OutputScores
from ercbench.records.scores import Scores, score

# Conversation id to [L, C], or to [L, 1] scores.
Probabilities = dict[str, Tensor]


@dataclass(frozen=True)
class Output:
    """One of the answers of a trained model.

    Attributes:
        scores: Its scores on validation and test, and the ensemble's weights.
        rows: A row per test utterance; none if the test part was not read.
    """

    scores: OutputScores
    rows: list[dict[str, Any]]


def evaluate(
    trainer: L.Trainer,
    model: ConversationClassifier,
    datamodule: ConversationDataModule,
    metric: str,
    test: bool = True,
) -> dict[str, Output]:
    """Reads the test part, unless told to evaluate on validation alone.

    Args:
        trainer: Whatever trained the model.
        model: With its best weights.
        datamodule: Its data.
        metric: Selection metric by which an ensemble is weighed on validation.
        test: Whether the test part is read; if not, outputs have no test scores and no rows.

    Returns:
        `final` and, of a model with several outputs, these and their `ensemble`.
    """
    validation = datamodule.part("validation")
    on_validation = predict(trainer, model, datamodule.val_dataloader())
    on_test = predict(trainer, model, datamodule.test_dataloader()) if test else {}
    weights = {}
    if len(on_validation) > 1:
        weights = ensemble_weights(on_validation, validation, metric)
        on_validation["ensemble"] = ensemble(on_validation, weights)
        if test:
            on_test["ensemble"] = ensemble(on_test, weights)
    outputs = {}
    for name, own in on_validation.items():
        validated = score_part(own, validation)
        assert validated is not None, "a validation part without labels was let through"
        own_weights = weights if name == "ensemble" else None
        tested, rows = read_test(datamodule, on_test[name]) if test else (None, [])
        outputs[name] = Output(OutputScores(validated, tested, own_weights), rows)
    return outputs


def read_test(
    datamodule: ConversationDataModule, probabilities: Probabilities
) -> tuple[Scores | None, list[dict[str, Any]]]:
    """Returns the scores of the test part, None if it has no labels, and a row per utterance."""
    part = datamodule.part("test")
    return score_part(probabilities, part), prediction_rows(probabilities, part)


def predict(
    trainer: L.Trainer, model: ConversationClassifier, loader: DataLoader
) -> dict[str, Probabilities]:
    """Returns the probabilities of every output of the model; `final` is its answer."""
    outputs: dict[str, Probabilities] = {}
    batches: Any = trainer.predict(model, loader)
    for batch in batches:
        for name, probabilities in batch.items():
            outputs.setdefault(name, {}).update(probabilities)
    return outputs


def score_part(probabilities: Probabilities, part: ConversationDataset) -> Scores | None:
    """Returns the scores of a part; None if it has no labels."""
    rows = range(len(part))
    true = torch.cat([part.scores(item) for item in rows]) if part.target == "score" else None
    ids = [conversation.id for conversation in part.conversations]
    labels = torch.cat([part.labels(item) for item in rows]).numpy()
    truth = np.where(labels == IGNORE, -1, labels)
    speakers = torch.cat([part.speakers(item) for item in rows]).numpy()
    conversations = np.repeat(ids, [len(conversation) for conversation in part.conversations])
    previous = previous_labels(conversations, speakers, truth)
    every = torch.cat([probabilities[id] for id in ids]).numpy()
    return score(labelled(truth, every, previous, None if true is None else true.numpy()))


def has_labels(part: ConversationDataset) -> bool:
    """Whether any utterance of a part has a label."""
    return any((part.labels(item) != IGNORE).any() for item in range(len(part)))


def ensemble_weights(
    outputs: dict[str, Probabilities], validation: ConversationDataset, metric: str
) -> dict[str, float]:
    """Returns output to its weight in the ensemble that scores best on validation."""
    ids = [conversation.id for conversation in validation.conversations]
    labels = torch.cat([validation.targets(item) for item in range(len(validation))])
    flat = [torch.cat([own[id] for id in ids]) for own in outputs.values()]
    return dict(zip(outputs, choose_weights(flat, labels, metric), strict=True))


def ensemble(outputs: dict[str, Probabilities], weights: dict[str, float]) -> Probabilities:
    """Returns the weighted sum of the outputs' probabilities."""
    return {
        id: mix(torch.stack([outputs[name][id] for name in weights]), list(weights.values()))
        for id in outputs["final"]
    }


def prediction_rows(
    probabilities: Probabilities, part: ConversationDataset
) -> list[dict[str, Any]]:
    """Returns a row per utterance: its label, the prediction and all probabilities."""
    every = np.concatenate([probabilities[own.id].numpy() for own in part.conversations])
    return rows_of(part.conversations, list(part.index), every, target=part.target)
