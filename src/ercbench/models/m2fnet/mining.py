"""Which rows of a batch are compared: triplets of anchor, positive and negative.

The paper says only "as suggested in" FaceNet (Schroff et al., arXiv 1503.03832, section 3.2);
what follows is a reconstruction. An anchor and its positive are two rows of one class, the
negative is of another; unlabelled rows (`IGNORE`) are never chosen. N is the number of rows in
the batch, T that of the triplets.
"""

import torch
from torch import Tensor

from ercbench.data.batch import IGNORE
from ercbench.models.m2fnet.extractor_settings import MININGS
from ercbench.settings import one_of


def distances_between(rows: Tensor) -> Tensor:
    """Returns half the Euclidean distance between any two rows, [N, N] float32.

    Between rows of unit length it goes from 0 to 1, the range in which the two exponentials of
    the adaptive margin mirror each other (the paper does not say). Equal rows get no gradient.

    Args:
        rows: [N, D].
    """
    rows = rows.float()
    # Distances by a matrix product would lose what lies between near rows to rounding.
    return torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist") / 2


@torch.no_grad()
def mine(
    distances: Tensor, labels: Tensor, how: str, generator: torch.Generator | None = None
) -> Tensor:
    """Chooses triplets.

    - `semi_hard`: for every ordered pair of anchor and positive, the nearest negative that is
      farther from the anchor than the positive is; where none is, the farthest negative. FaceNet
      also wants it nearer than a margin, which the adaptive margin does not have.
    - `hard`: for every anchor its farthest positive and its nearest negative (Hermans et al.,
      arXiv 1703.07737, "batch hard").
    - `random`: for every ordered pair of anchor and positive, any negative.

    A row that is the only one of its class is a negative to others, never an anchor.

    Args:
        distances: [N, N].
        labels: [N].
        how: One of `MININGS`.
        generator: Of the random choice, on the CPU.

    Returns:
        [T, 3] row numbers of anchor, positive and negative; T is 0 if there is no triplet.

    Raises:
        ErcbenchError: There is no such way.
    """
    one_of(*MININGS).check("mining", how)
    positives, negatives = _candidates(labels)
    if not positives.any():
        return labels.new_empty((0, 3), dtype=torch.long)
    if how == "hard":
        return _hard(distances, positives, negatives)
    anchor, positive = positives.nonzero(as_tuple=True)
    if how == "semi_hard":
        farther = distances[anchor] > distances[anchor, positive, None]
        negative = _semi_hard(distances[anchor], negatives[anchor], farther)
    else:
        negative = _random(negatives[anchor], generator)
    return torch.stack([anchor, positive, negative], 1)


def _candidates(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Returns which columns are a row's positives and negatives, [N, N] each.

    A row without a negative has no positives either.
    """
    known = labels != IGNORE
    both, same = known[:, None] & known, labels[:, None] == labels
    negatives = both & ~same
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return both & same & ~itself & negatives.any(1, keepdim=True), negatives


def _semi_hard(distances: Tensor, negatives: Tensor, farther: Tensor) -> Tensor:
    """Returns a negative for each of Q pairs; all arguments are [Q, N]."""
    nearest = distances.masked_fill(~(negatives & farther), torch.inf).argmin(1)
    farthest = distances.masked_fill(~negatives, -torch.inf).argmax(1)
    return torch.where((negatives & farther).any(1), nearest, farthest)


def _random(negatives: Tensor, generator: torch.Generator | None) -> Tensor:
    """Returns a negative for each of Q pairs; the draws are the same on every device."""
    draws = torch.rand(negatives.shape, generator=generator).to(negatives.device)
    return draws.masked_fill(~negatives, -1).argmax(1)


def _hard(distances: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    anchor = positives.any(1).nonzero()[:, 0]
    farthest = distances.masked_fill(~positives, -torch.inf).argmax(1)
    nearest = distances.masked_fill(~negatives, torch.inf).argmin(1)
    return torch.stack([anchor, farthest[anchor], nearest[anchor]], 1)
