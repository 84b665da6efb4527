"""A weighted sum of several outputs' class probabilities, weighed on validation."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ercbench.data.batch import IGNORE
from ercbench.metrics import METRICS
from ercbench.models.base.metrics import selection_scores

# Weights are multiples of 1 / STEPS.
STEPS = 10


def choose_weights(outputs: Sequence[Tensor], labels: Tensor, metric: str) -> tuple[float, ...]:
    """Returns the weights, adding up to 1, whose sum of probabilities scores best.

    Every combination of multiples of a tenth is tried; of equals the one wins that leans most on
    the first output.

    Args:
        outputs: [N, C] probabilities, or [N, 1] scores, of each output on validation.
        labels: [N], or scores; `IGNORE` where there is none.
        metric: A selection metric.
    """
    known = labels != IGNORE
    probabilities = torch.stack(list(outputs))[:, known]

    def score(weights: tuple[float, ...]) -> float:
        own = selection_scores(labels[known], mix(probabilities, weights))[metric]
        return METRICS[metric].sign * own

    return max(sorted(shares(len(outputs)), reverse=True), key=score)


def mix(outputs: Tensor, weights: Sequence[float]) -> Tensor:
    """Returns the [N, C] weighted sum of [M, N, C] probabilities."""
    return torch.einsum("mnc,m->nc", outputs, torch.tensor(weights))


def shares(parts: int) -> Iterator[tuple[float, ...]]:
    """Yields every way to share 1 among the parts in tenths."""
    for counts in _counts(parts, STEPS):
        yield tuple(count / STEPS for count in counts)


def _counts(parts: int, steps: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (steps,)
        return
    for first in range(steps + 1):
        for others in _counts(parts - 1, steps - first):
            yield (first, *others)
