"""What a trained model says of the test part: probabilities, their scores, their rows."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from ercbench.data.batch import IGNORE
from ercbench.data.datamodule import ConversationDataModule, ConversationDataset
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.ensemble import choose_weights, mix
from ercbench.models.base.metrics import ConversationMetrics
from ercbench.records.run_record import OutputScores, Scores

# Conversation id to [L, C].
Probabilities = dict[str, Tensor]
# Conversations that are scored at once.
AT_ONCE = 64


@dataclass(frozen=True)
class Output:
    """One of the answers of a trained model.

    Attributes:
        scores: Its scores on validation and test, and the ensemble's weights.
        rows: A row per test utterance.
    """

    scores: OutputScores
    rows: list[dict[str, Any]]


def evaluate(
    trainer: L.Trainer,
    model: ConversationClassifier,
    datamodule: ConversationDataModule,
    metric: str,
) -> dict[str, Output]:
    """Reads the test part.

    Args:
        trainer: Whatever trained the model.
        model: With its best weights.
        datamodule: Its data.
        metric: Key of `CHOOSING` by which an ensemble is weighed on validation.

    Returns:
        `final` and, of a model with several outputs, these and their `ensemble`.
    """
    validation, tested = datamodule.part("validation"), datamodule.part("test")
    on_validation = predict(trainer, model, datamodule.val_dataloader())
    on_test = predict(trainer, model, datamodule.test_dataloader())
    weights = {}
    if len(on_test) > 1:
        weights = ensemble_weights(on_validation, validation, metric)
        on_validation["ensemble"] = ensemble(on_validation, weights)
        on_test["ensemble"] = ensemble(on_test, weights)
    outputs = {}
    for name, own in on_test.items():
        scores = OutputScores(
            score(on_validation[name], validation),
            score(own, tested) if has_labels(tested) else None,
            weights if name == "ensemble" else None,
        )
        outputs[name] = Output(scores, prediction_rows(own, tested))
    return outputs


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


def score(probabilities: Probabilities, part: ConversationDataset) -> Scores:
    """Returns the scores of a part that has labels."""
    metrics = ConversationMetrics(len(part.index))
    for first in range(0, len(part), AT_ONCE):
        items = range(first, min(first + AT_ONCE, len(part)))
        metrics.update(
            pad_sequence([probabilities[part.conversations[i].id] for i in items], True),
            pad_sequence([part.labels(i) for i in items], True, IGNORE),
            pad_sequence([part.speakers(i) for i in items], True),
        )
    return plain_scores(metrics)


def has_labels(part: ConversationDataset) -> bool:
    """Whether any utterance of a part has a label."""
    return any((part.labels(item) != IGNORE).any() for item in range(len(part)))


def plain_scores(metrics: ConversationMetrics) -> Scores:
    """Returns scores as plain values, None where one is not defined."""
    computed: Any = {name: score.tolist() for name, score in metrics.compute().items()}
    class_f1, confusion = tuple(computed.pop("class_f1")), computed.pop("confusion")
    values = {name: value if isfinite(value) else None for name, value in computed.items()}
    return Scores(values, class_f1, tuple(map(tuple, confusion)))


def ensemble_weights(
    outputs: dict[str, Probabilities], validation: ConversationDataset, metric: str
) -> dict[str, float]:
    """Returns output to its weight in the ensemble that scores best on validation."""
    ids = [conversation.id for conversation in validation.conversations]
    labels = torch.cat([validation.labels(item) for item in range(len(validation))])
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
    labels, rows = list(part.index), []
    for conversation in part.conversations:
        for turn, utterance in enumerate(conversation.utterances):
            own = probabilities[conversation.id][turn]
            rows.append(
                {
                    "conversation": conversation.id,
                    "turn": turn,
                    "utterance": utterance.id,
                    "speaker": utterance.speaker,
                    "text": utterance.text,
                    "label": utterance.label,
                    "predicted": labels[int(own.argmax())],
                }
                | {f"p_{label}": p for label, p in zip(labels, own.tolist(), strict=True)}
            )
    return rows
