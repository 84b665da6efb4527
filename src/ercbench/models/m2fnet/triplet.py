"""The loss of M2FNet's feature extractors (paper, equations 9 to 13).

N is the number of rows in the batch, D their width, T the number of triplets. What the paper
leaves open, or prints in a form that cannot be meant, is a choice.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ercbench.models.m2fnet.extractor_settings import FORMS, MARGINS
from ercbench.models.m2fnet.mining import distances_between, mine
from ercbench.settings import one_of

TRIPLET, COVARIANCE, VARIANCE = 20.0, 5.0, 1.0
"""Weights of the three parts, from the paper."""

EPSILON = 1e-4  # under the root, as in VICReg; the paper does not say


@dataclass(frozen=True)
class ExtractorLoss:
    """The loss of a batch and what it is made of; the parts are not yet weighted.

    Attributes:
        total: 20 triplet + 5 covariance + variance; 0, with a gradient of 0, if `triplets` is.
        triplet: Mean over the triplets.
        covariance: Sum over the anchors, the positives and the negatives of all triplets.
        variance: The same.
        triplets: How many there were, T.
    """

    total: Tensor
    triplet: Tensor
    covariance: Tensor
    variance: Tensor
    triplets: int


def extractor_loss(
    rows: Tensor,
    labels: Tensor,
    mining: str = "semi_hard",
    margin: str = "detached",
    form: str = "vicreg",
    fixed_margin: float = 0.2,
    generator: torch.Generator | None = None,
) -> ExtractorLoss:
    """Mines triplets and weighs their loss, in float32 under any autocast.

    Args:
        rows: [N, D], of unit length.
        labels: [N] with `IGNORE`.
        mining: See `mine`.
        margin: See `triplet_loss`.
        form: Of the variance and covariance losses.
        fixed_margin: See `triplet_loss`.
        generator: See `mine`.

    Raises:
        ErcbenchError: There is no such mining, margin or form.
    """
    with torch.autocast(rows.device.type, enabled=False):
        rows = rows.float()
        distances = distances_between(rows)
        triplets = mine(distances, labels, mining, generator)
        triplet = triplet_loss(distances, triplets, margin, fixed_margin)
        if not len(triplets):
            return ExtractorLoss(triplet, triplet, triplet, triplet, 0)
        roles = [_covariances(rows, role) for role in triplets.unbind(1)]
        covariance = torch.stack([covariance_loss(role, form) for role in roles]).sum()
        variance = torch.stack([variance_loss(role, form) for role in roles]).sum()
    total = TRIPLET * triplet + COVARIANCE * covariance + VARIANCE * variance
    return ExtractorLoss(total, triplet, covariance, variance, len(triplets))


def triplet_loss(
    distances: Tensor, triplets: Tensor, margin: str = "detached", fixed_margin: float = 0.2
) -> Tensor:
    """Mean loss of triplets, 0 if there is none.

    With ap, an and pn the distances within a triplet, it is ap - (an + pn) / 2 + m,
    where m is the adaptive margin. The paper prints no outer maximum with 0, which on rows of
    unit length would do nothing.

    - `as_printed`: m is differentiated too. Its gradient then outweighs the distances' own:
      positives closer than a certain distance are pushed apart, negatives farther than another
      are pulled in, and the nearest rows are of other classes.
    - `detached`: m is a number to the gradient, which makes the loss a plain linear triplet loss.
      Its value is no measure of success, since m grows as the classes part: it rises while the
      gradient does its work.
    - `fixed`: the standard max(0, ap - an + fixed_margin) (FaceNet, with plain distances).

    Args:
        distances: [N, N], see `distances_between`.
        triplets: [T, 3] row numbers.
        margin: One of `MARGINS`.
        fixed_margin: In units of `distances`.

    Raises:
        ErcbenchError: There is no such margin.
    """
    one_of(*MARGINS).check("margin", margin)
    anchor, positive, negative = triplets.unbind(1)
    ap, an = distances[anchor, positive], distances[anchor, negative]
    if margin == "fixed":
        losses = (ap - an + fixed_margin).relu()
    else:
        adaptive = adaptive_margin(ap, an)
        pn = distances[positive, negative]
        losses = ap - (an + pn) / 2 + (adaptive if margin == "as_printed" else adaptive.detach())
    return losses.sum() / max(len(triplets), 1)


def adaptive_margin(ap: Tensor, an: Tensor) -> Tensor:
    """Returns [T] margins of [T] distances to the positive and the negative."""
    similar = 1 + 2 * torch.exp(-4 * ap)
    dissimilar = 1 + 2 * torch.exp(4 * an - 4)
    return similar + dissimilar


def variance_loss(covariances: Tensor, form: str = "vicreg") -> Tensor:
    """Mean over columns of 1 - standard deviation.

    - `vicreg`: at least 0 in each column (Bardes et al., arXiv 2105.04906, equation 1).
    - `as_printed`: without that bound; the same on rows of unit length, whose columns hardly
      deviate by more than 1.

    Args:
        covariances: [D, D], of the columns.
        form: One of `FORMS`.

    Raises:
        ErcbenchError: There is no such form.
    """
    one_of(*FORMS).check("form", form)
    missing = 1 - (covariances.diagonal() + EPSILON).sqrt()
    return (missing.relu() if form == "vicreg" else missing).mean()


def covariance_loss(covariances: Tensor, form: str = "vicreg") -> Tensor:
    """Sum over pairs of different columns, divided by D.

    - `vicreg`: of the squared covariance (Bardes et al., arXiv 2105.04906, equation 4).
    - `as_printed`: of the covariance itself, which rewards columns that move against each other.

    Args:
        covariances: [D, D], of the columns.
        form: One of `FORMS`.

    Raises:
        ErcbenchError: There is no such form.
    """
    one_of(*FORMS).check("form", form)
    entries = covariances.square() if form == "vicreg" else covariances
    return (entries.sum() - entries.trace()) / len(covariances)


def _covariances(rows: Tensor, role: Tensor) -> Tensor:
    """Returns [D, D] of the rows [T] that play a role, each as often as it does."""
    return torch.cov(rows.T, fweights=role.bincount(minlength=len(rows)))
