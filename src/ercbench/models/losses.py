"""Losses over labelled utterances; padding and unlabelled ones never count.

Each takes logits [..., C] and labels [...] with `IGNORE`, and returns a scalar, which is 0 where
nothing is labelled.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE


def inverse_frequencies(counts: Sequence[int]) -> Tensor:
    """Returns [C] class weights total / count; a class that never occurs counts as once."""
    occurrences = torch.tensor(counts, dtype=torch.float32)
    return occurrences.sum() / occurrences.clamp(min=1)


def weighted_nll(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cross-entropy averaged with the weight of each label.

    Args:
        logits: [..., C].
        labels: [...].
        weight: [C], or None for equal weights.
    """
    logits, labels = _labelled(logits, labels)
    if not len(labels):
        return logits.sum()
    return F.cross_entropy(logits, labels, weight)


def focal_loss(logits: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """Focal loss, mean of -(1 - p)^gamma log p (Lin et al., arXiv 1708.02002, equation 4)."""
    logits, labels = _labelled(logits, labels)
    if not len(labels):
        return logits.sum()
    log_p = -F.cross_entropy(logits, labels, reduction="none")
    return -((1 - log_p.exp()) ** gamma * log_p).mean()


def released_focal_loss(logits: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """What the released CFN-ESA code calls focal loss on MELD, on real utterances only.

    The mean over utterances and classes of -(1 - log p)^gamma log p for the true class and
    -log p for every other. It is no focal loss: the weight grows without bound, and an ideal
    seven-class prediction gives the true class only 0.53. The released code also averages over
    padding, which our networks do not compute.
    """
    logits, labels = _labelled(logits, labels)
    if not len(labels):
        return logits.sum()
    log_p = F.log_softmax(logits, -1)
    true = F.one_hot(labels, logits.shape[-1]).bool()
    return -torch.where(true, (1 - log_p) ** gamma * log_p, log_p).mean()


def _labelled(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the [M, C] logits, in float32, and [M] labels of what is labelled."""
    known = labels != IGNORE
    return logits[known].float(), labels[known]
