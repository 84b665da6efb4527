"""The metrics while a model trains: predictions gathered over a whole epoch, then scored."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from ercbench.data.batch import IGNORE
from ercbench.metrics import Predictions, labelled, metrics_of, previous_labels, score_class


class ConversationMetrics(Metric):
    """Gathers predictions of conversations and computes every metric over all of them.

    Processes that share batches have all predictions each, and so gather none of each other.
    """

    full_state_update = False
    truth: list[Tensor]
    logits: list[Tensor]
    previous: list[Tensor]

    def __init__(self, **options: Any) -> None:
        super().__init__(sync_on_compute=False, **options)
        for name in ("truth", "logits", "previous"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor, speakers: Tensor) -> None:
        """Adds a batch.

        Args:
            logits: [B, L, C]; or [B, L, 1], predicted scores.
            labels: [B, L], or scores; `IGNORE` where there is none.
            speakers: [B, L], unique in a conversation.
        """
        known = labels != IGNORE
        self.truth.append(labels[known])
        self.logits.append(logits[known].float())
        self.previous.append(previous_in_batch(labels, speakers)[known])

    def compute(self) -> dict[str, Tensor]:
        """Returns every metric since the last reset, NaN where it is not defined."""
        found = self.predictions()
        return {own.name: torch.tensor(own.of(found)) for own in metrics_of(found.target)}

    def predictions(self) -> Predictions:
        """Returns what was gathered since the last reset."""
        truth, logits, previous = (
            torch.cat(own if isinstance(own, list) else [own]).cpu()
            for own in (self.truth, self.logits, self.previous)
        )
        if truth.is_floating_point():
            scores = truth.numpy()
            return Predictions(score_class(scores), logits.numpy(), previous.numpy(), scores)
        probabilities = logits.double().softmax(-1)
        return Predictions(truth.numpy(), probabilities.numpy(), previous.numpy())


def previous_in_batch(labels: Tensor, speakers: Tensor) -> Tensor:
    """Returns the label of the speaker's last labelled utterance, or -1: [B, L]."""
    conversations = torch.arange(len(labels))[:, None].expand(labels.shape)
    known = torch.where(labels == IGNORE, -1, _classes(labels))
    columns = (own.reshape(-1).cpu().numpy() for own in (conversations, speakers, known))
    found = torch.from_numpy(previous_labels(*columns))
    return found.reshape(labels.shape).to(labels.device)


def selection_scores(truth: Tensor, probabilities: Tensor) -> dict[str, float]:
    """Returns the selection metrics of utterances without their dialogues.

    Args:
        truth: [N] labels or scores, `IGNORE` where there is none.
        probabilities: [N, C]; or [N, 1], predicted scores.
    """
    known = torch.where(truth == IGNORE, -1, _classes(truth)).cpu().numpy()
    scores = truth.cpu().numpy() if truth.is_floating_point() else None
    found = labelled(known, probabilities.cpu().numpy(), known, scores)
    return {own.name: own.of(found) for own in metrics_of(found.target) if own.selects}


def _classes(labels: Tensor) -> Tensor:
    """Returns labels; of scores the indices of their classes."""
    if not labels.is_floating_point():
        return labels
    return torch.from_numpy(score_class(labels.cpu().numpy())).to(labels.device)
