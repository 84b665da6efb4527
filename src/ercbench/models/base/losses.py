"""Losses over labelled utterances; padding and unlabelled ones never count.

Each takes logits [..., C] and labels [...] with `IGNORE`, and returns a scalar, which is 0 where
nothing is labelled. A batch can be worked off in micro-batches: with `over`, the labels of the
whole batch, a micro-batch's losses are summed and divided by the whole batch's count (or weight),
so that the micro-batches' losses add up to the batch's.
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


def weighted_nll(
    logits: Tensor, labels: Tensor, weight: Tensor | None = None, over: Tensor | None = None
) -> Tensor:
    """Cross-entropy averaged with the weight of each label.

    Args:
        logits: [..., C].
        labels: [...].
        weight: [C], or None for equal weights.
        over: Labels of the whole batch, if these are a micro-batch of it.
    """
    if weight is None:
        weight = torch.ones(logits.shape[-1], device=logits.device)
    logits, labels, whole = _labelled(logits, labels, over)
    losses = F.cross_entropy(logits, labels, weight, reduction="sum")
    return _mean(losses, weight[whole].sum())


def focal_loss(
    logits: Tensor,
    labels: Tensor,
    gamma: float,
    weight: Tensor | None = None,
    over: Tensor | None = None,
) -> Tensor:
    """Focal loss (Lin et al., arXiv 1708.02002, equation 5), averaged by each label's weight.

    Args:
        logits: [..., C].
        labels: [...].
        gamma: Exponent of 1 - p; with 0 it is `weighted_nll`.
        weight: [C], or None for equal weights.
        over: Labels of the whole batch, if these are a micro-batch of it.
    """
    if weight is None:
        weight = torch.ones(logits.shape[-1], device=logits.device)
    logits, labels, whole = _labelled(logits, labels, over)
    log_p = -F.cross_entropy(logits, labels, reduction="none")
    losses = -weight[labels] * (1 - log_p.exp()) ** gamma * log_p
    return _mean(losses.sum(), weight[whole].sum())


def score_loss(predicted: Tensor, scores: Tensor, over: Tensor | None = None) -> Tensor:
    """Smooth L1 loss (Girshick, arXiv 1504.08083, equation 3), averaged where there is a score.

    Args:
        predicted: [...].
        scores: [...], NaN where there is none.
        over: Scores of the whole batch, if these are a micro-batch of it.
    """
    known, whole = ~scores.isnan(), scores if over is None else over
    total = F.smooth_l1_loss(predicted[known].float(), scores[known], reduction="sum")
    return _mean(total, (~whole.isnan()).sum())


def released_focal_loss(
    logits: Tensor, labels: Tensor, gamma: float, over: Tensor | None = None
) -> Tensor:
    """What the released CFN-ESA code calls focal loss on MELD, on real utterances only.

    The mean over utterances and classes of -(1 - log p)^gamma log p for the true class and
    -log p for every other. It is no focal loss: the weight grows without bound, and an ideal
    seven-class prediction gives the true class only 0.53. The released code also averages over
    padding, which our networks do not compute.
    """
    logits, labels, whole = _labelled(logits, labels, over)
    log_p = F.log_softmax(logits, -1)
    true = F.one_hot(labels, logits.shape[-1]).bool()
    losses = torch.where(true, (1 - log_p) ** gamma * log_p, log_p)
    return _mean(-losses.sum(), len(whole) * logits.shape[-1])


def supervised_contrastive(rows: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., arXiv 2004.11362, equation 2).

    Every labelled row is compared with all others; those of its label are its positives. The
    mean is over the rows that have one, and 0 if none has.

    Args:
        rows: [N, D] embeddings, brought to unit length here.
        labels: [N].
        temperature: Divides the cosines.
    """
    known = labels != IGNORE
    unit, own = F.normalize(rows[known].float(), dim=-1), labels[known]
    self_pairs = torch.eye(len(own), dtype=torch.bool, device=own.device)
    positives = (own[:, None] == own) & ~self_pairs
    cosines = (unit @ unit.T / temperature).masked_fill(self_pairs, -torch.inf)
    log_p = cosines.log_softmax(-1).masked_fill(~positives, 0)
    counts = positives.sum(-1)
    return _mean(-(log_p.sum(-1) / counts.clamp(min=1)).sum(), (counts > 0).sum())


def _labelled(logits: Tensor, labels: Tensor, over: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Returns what is labelled: [M, C] float32 logits, [M] labels, [W] labels of `over`."""
    known = labels != IGNORE
    whole = labels[known] if over is None else over[over != IGNORE]
    return logits[known].float(), labels[known], whole


def _mean(total: Tensor, count: Tensor | int) -> Tensor:
    """Returns total / count, and 0 where nothing was counted."""
    return total / torch.as_tensor(count, device=total.device).clamp(min=1e-12)
