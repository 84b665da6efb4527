"""The scores every model is judged by, over whole epochs."""

from functools import partial

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
)
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from ercbench.data.batch import IGNORE
from ercbench.models.base.settings import SELECTION_METRICS

# Scores that can choose, on validation: score(predicted [N], labels [N], classes).
_SCORES = (
    partial(multiclass_accuracy, average="micro"),
    partial(multiclass_f1_score, average="weighted"),
    partial(multiclass_f1_score, average="macro"),
)
CHOOSING = dict(zip(SELECTION_METRICS, _SCORES, strict=True))


class ConversationMetrics(nn.Module):
    """Accuracy, F1 in its kinds, and F1 where a speaker's emotion shifts or stays.

    Args:
        classes: Number of labels, C.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.overall = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(classes, average="micro"),
                "weighted_f1": MulticlassF1Score(classes, average="weighted"),
                "macro_f1": MulticlassF1Score(classes, average="macro"),
                "class_f1": MulticlassF1Score(classes, average="none"),
                "confusion": MulticlassConfusionMatrix(classes),
            }
        )
        self.on_shifts = MulticlassF1Score(classes, average="weighted")
        self.on_stays = MulticlassF1Score(classes, average="weighted")

    def update(self, logits: Tensor, labels: Tensor, speakers: Tensor) -> None:
        """Adds a batch.

        Args:
            logits: [B, L, C].
            labels: [B, L], `IGNORE` where there is none.
            speakers: [B, L].
        """
        predicted, known = logits.argmax(-1), labels != IGNORE
        shifts, stays = shifts_and_stays(labels, speakers)
        for metric, chosen in (
            (self.overall, known),
            (self.on_shifts, shifts),
            (self.on_stays, stays),
        ):
            if chosen.any():
                metric.update(predicted[chosen], labels[chosen])

    def compute(self) -> dict[str, Tensor]:
        """Returns the scores since the last reset.

        Scalars `accuracy`, `weighted_f1`, `macro_f1`, `shift_f1`, `stay_f1` (both weighted F1;
        NaN where no utterance counts), [C] `class_f1` and [C, C] `confusion` (true, predicted).
        A class that neither occurs nor is predicted does not count in `macro_f1`.
        """
        nothing = torch.tensor(torch.nan)
        shift, stay = (
            metric.compute() if metric.update_count else nothing
            for metric in (self.on_shifts, self.on_stays)
        )
        return {**self.overall.compute(), "shift_f1": shift, "stay_f1": stay}

    def reset(self) -> None:
        """Forgets all batches."""
        for metric in (self.overall, self.on_shifts, self.on_stays):
            metric.reset()


def shifts_and_stays(labels: Tensor, speakers: Tensor) -> tuple[Tensor, Tensor]:
    """Finds utterances whose emotion differs from, or equals, their speaker's last one.

    A speaker's first labelled utterance is neither.

    Args:
        labels: [B, L], `IGNORE` where there is none.
        speakers: [B, L].

    Returns:
        Two [B, L] masks: shifts, stays.
    """
    turns = torch.arange(labels.shape[1], device=labels.device)
    known = labels != IGNORE
    candidates = (
        (speakers[:, :, None] == speakers[:, None, :])
        & (known[:, :, None] & known[:, None, :])
        & (turns[:, None] > turns[None, :])
    )
    last = torch.where(candidates, turns, -1).amax(-1)
    same = labels == labels.gather(1, last.clamp(min=0))
    return (last >= 0) & ~same, (last >= 0) & same
