"""The metrics while a model trains: predictions gathered over a whole epoch, then scored."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from ercbench.data.batch import IGNORE
from ercbench.metrics import METRICS, SELECTION_METRICS, Predictions, labelled, previous_labels


class ConversationMetrics(Metric):
    """Gathers predictions of conversations and computes every metric over all of them."""

    full_state_update = False
    truth: list[Tensor]
    logits: list[Tensor]
    previous: list[Tensor]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in ("truth", "logits", "previous"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor, speakers: Tensor) -> None:
        """Adds a batch.

        Args:
            logits: [B, L, C].
            labels: [B, L], `IGNORE` where there is none.
            speakers: [B, L], unique in a conversation.
        """
        known = labels != IGNORE
        self.truth.append(labels[known])
        self.logits.append(logits[known].float())
        self.previous.append(previous_in_batch(labels, speakers)[known])

    def compute(self) -> dict[str, Tensor]:
        """Returns every metric since the last reset, NaN where it is not defined."""
        found = self.predictions()
        return {name: torch.tensor(metric.of(found)) for name, metric in METRICS.items()}

    def predictions(self) -> Predictions:
        """Returns what was gathered since the last reset."""
        truth, logits, previous = (
            torch.cat(own if isinstance(own, list) else [own]).cpu()
            for own in (self.truth, self.logits, self.previous)
        )
        probabilities = logits.double().softmax(-1)
        return Predictions(truth.numpy(), probabilities.numpy(), previous.numpy())


def previous_in_batch(labels: Tensor, speakers: Tensor) -> Tensor:
    """Returns the label of the speaker's last labelled utterance, or -1: [B, L]."""
    conversations = torch.arange(len(labels))[:, None].expand(labels.shape)
    known = torch.where(labels == IGNORE, -1, labels)
    columns = (own.reshape(-1).cpu().numpy() for own in (conversations, speakers, known))
    found = torch.from_numpy(previous_labels(*columns))
    return found.reshape(labels.shape).to(labels.device)


def selection_scores(truth: Tensor, probabilities: Tensor) -> dict[str, float]:
    """Returns the selection metrics of utterances without their dialogues.

    Args:
        truth: [N], `IGNORE` where there is no label.
        probabilities: [N, C].
    """
    known = torch.where(truth == IGNORE, -1, truth).cpu().numpy()
    found = labelled(known, probabilities.cpu().numpy(), known)
    return {name: METRICS[name].of(found) for name in SELECTION_METRICS}
