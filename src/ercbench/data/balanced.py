"""Batches in which every class is there as often as any other."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler

from ercbench.data.batch import IGNORE
from ercbench.errors import ErcbenchError


class BalancedBatchSampler(Sampler[list[int]]):
    """Random batches of so many classes times so many members (FaceNet, section 3.2).

    Classes, and members within a class, are drawn without replacement: none comes again before
    the others, except the few that are left over when too few remain for a whole draw. An
    index is in a batch once at most, so that a class with fewer members than asked for, be it
    one, gives all it has to every batch it is in. An epoch has as many batches as it takes to
    draw as many indices as are labelled; frequent classes are not seen whole in it.

    Args:
        labels: Class of each index; one with `IGNORE` is never drawn.
        classes: Classes per batch.
        members: Indices of each.
        seed: With the epoch, decides the order.
        epoch: Says which epoch it is; it is asked at the first batch of a pass.

    Raises:
        ErcbenchError: There are fewer classes, or the numbers allow no pair.
    """

    def __init__(
        self,
        labels: Sequence[int],
        classes: int,
        members: int,
        seed: int,
        epoch: Callable[[], int],
    ) -> None:
        self.labels = torch.tensor(labels, dtype=torch.long)
        self.present = self.labels[self.labels != IGNORE].unique()
        self.classes, self.members = classes, members
        self.seed, self.epoch = seed, epoch
        _check(classes, members, len(self.present))

    def __len__(self) -> int:
        labelled = int((self.labels != IGNORE).sum())
        return -(-labelled // (self.classes * self.members))

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch())
        classes = _draws(self.present, self.classes, generator)
        members = {
            label: _draws((self.labels == label).nonzero()[:, 0], self.members, generator)
            for label in self.present.tolist()
        }
        for _ in range(len(self)):
            yield [index for label in next(classes) for index in next(members[label])]


def _draws(values: Tensor, size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Yields draws of different values for ever, shuffling when too few are left for a draw."""
    size = min(size, len(values))
    while True:
        shuffled = values[torch.randperm(len(values), generator=generator)].tolist()
        for first in range(0, len(shuffled) - size + 1, size):
            yield shuffled[first : first + size]


def _check(classes: int, members: int, present: int) -> None:
    if present < 2:
        raise ErcbenchError(
            f"Labels of {present} classes: expected at least 2, to tell apart. Give a part of the "
            "data in which more classes occur."
        )
    if not 2 <= classes <= present:
        raise ErcbenchError(
            f"classes={classes}: expected 2 to {present}, the classes that occur. Change "
            "batch_size or members, of which it is the quotient."
        )
    if members < 2:
        raise ErcbenchError(
            f"members={members}: expected 2 or more, since one alone has no positive. Change "
            "members."
        )
