"""MultiEMO's two losses on a whole batch: contrast between emotions, correlation of modalities."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE


def rarities(counts: Sequence[int], exponent: float) -> Tensor:
    """Returns [C] weights (total / count) ** exponent that add up to 1.

    Args:
        counts: Training utterances of each class; one that never occurs counts as once.
        exponent: 0 makes all classes equal.
    """
    occurrences = torch.tensor(counts, dtype=torch.float32).clamp(min=1)
    return F.normalize((occurrences.sum() / occurrences) ** exponent, p=1, dim=0)


def focal_contrastive(
    rows: Tensor, labels: Tensor, weight: Tensor, temperature: float, focus: float
) -> Tensor:
    """Sample-weighted focal contrastive loss, as in the released code.

    Every labelled row is compared with all others by a softmax of their cosines. The mean of
    (1 - p) ** focus * -log p over the rows of its label is weighed by its class and averaged over
    all labelled rows; 0 if there is none.

    Args:
        rows: [N, D].
        labels: [N].
        weight: [C].
        temperature: Divides the cosines.
        focus: Exponent of 1 - p.
    """
    known = labels != IGNORE
    unit, own = F.normalize(rows[known].float(), dim=-1), labels[known]
    itself = torch.eye(len(own), dtype=torch.bool, device=own.device)
    positives = (own[:, None] == own) & ~itself
    log_p = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf).log_softmax(-1)
    log_p = log_p.masked_fill(~positives, 0)
    terms = (1 - log_p.exp()).clamp(min=1e-6) ** focus * log_p  # 0 where no positive is
    means = terms.sum(-1) / positives.sum(-1).clamp(min=1)
    return -(means * weight[own]).sum() / max(len(own), 1)


def soft_hgr(modalities: Sequence[Tensor]) -> Tensor:
    """Soft-HGR loss (Wang et al., AAAI 2019, https://arxiv.org/abs/1811.07764, equation 5).

    Minus the sum, over pairs of modalities, of E[f . g] - tr(cov(f) cov(g)) / 2, where f and g
    have mean 0. It is divided by their width, so that its size depends on neither the width nor
    the batch.

    Args:
        modalities: [N, D] each, of the same utterances.
    """
    centred = [rows.float() - rows.float().mean(0) for rows in modalities]
    count, width = max(len(centred[0]) - 1, 1), centred[0].shape[1]
    total = centred[0].new_zeros(())
    for f, g in combinations(centred, 2):
        covariances = (f.T @ f / count * (g.T @ g / count)).sum()  # the trace of their product
        total = total - ((f * g).sum() / count - covariances / 2)
    return total / width


def soft_hgr_as_released(modalities: Sequence[Tensor]) -> Tensor:
    """What the released MultiEMO code calls Soft-HGR loss.

    f and g keep their means; covariances are between utterances, [N, N], over features, and not
    between features over utterances; their trace is divided by N, and the whole by N again.

    Args:
        modalities: [N, D] each, of the same utterances.
    """
    count, width = modalities[0].shape
    total = modalities[0].new_zeros((), dtype=torch.float32)
    for f, g in combinations([rows.float() for rows in modalities], 2):
        f_, g_ = f - f.mean(1, keepdim=True), g - g.mean(1, keepdim=True)
        trace = ((f_.T @ g_) ** 2).sum() / max(width - 1, 1) ** 2  # of the [N, N] ones' product
        total = total - ((f * g).sum() / count - trace / count / 2)
    return total / count
