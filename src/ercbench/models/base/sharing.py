"""A batch that several processes share: each computes some rows, and all get what all computed.

Every process then has the same predictions of the whole batch, and so the same loss, whatever that
compares or counts. Its gradient reaches a process through its own rows alone; the mean over the
processes of the gradients, each multiplied by their number, is that of one process.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, Self, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Divisible(Protocol):
    """A batch of rows, which are conversations or utterances."""

    @property
    def lengths(self) -> list[int]:
        """Utterances of each row."""
        ...

    def rows(self, chosen: slice) -> Self:
        """Returns the batch of some rows, padded as before."""
        ...


Batch = TypeVar("Batch", bound=Divisible)


def shares(lengths: Sequence[int], processes: int) -> list[slice]:
    """Returns which rows each process takes: consecutive ones, of about as many utterances.

    Some take none where there are few rows.
    """
    total, before, counts = sum(lengths), 0, [0] * processes
    for length in lengths:
        counts[(2 * before + length) * processes // (2 * total)] += 1
        before += length
    ends = torch.tensor(counts).cumsum(0).tolist()
    return [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]


def computed_together(compute: Callable[[Batch], Any], batch: Batch) -> Any:
    """Returns what `compute` says of a batch that all processes hold, each computing its share.

    Each draws other random numbers for its share, and all go on with the same.

    Args:
        compute: Returns tensors, or a dataclass, dictionary or sequence of them. Their first
            dimension is over rows, utterances or pairs within a row, in the order of the batch.
        batch: The whole batch, the same in every process.
    """
    rank, processes = dist.get_rank(), dist.get_world_size()
    chosen = shares(batch.lengths, processes)[rank]
    none = chosen.start == chosen.stop
    own_seed, common_seed = torch.randint(2**31, (2,)).tolist()
    torch.manual_seed(own_seed + rank)
    computed = compute(batch.rows(slice(0, 1) if none else chosen))
    torch.manual_seed(common_seed)
    return _each_tensor(computed, lambda own: _of_all(own[:0] if none else own))


def mixes_rows(network: nn.Module) -> bool:
    """Whether what a network computes of a row depends on the batch, by batch normalisation."""
    return any(isinstance(part, _BatchNorm) and part.training for part in network.modules())


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Averages gradients over the processes; one that no process has stays absent."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    known = torch.tensor([p.grad is not None for p in trained], device=trained[0].device).float()
    dist.all_reduce(known)
    works = []
    for parameter, somewhere in zip(trained, known.tolist(), strict=True):
        if somewhere:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            works.append(dist.all_reduce(parameter.grad, async_op=True))
    for work in works:
        work.wait()
    for parameter in trained:
        if parameter.grad is not None:
            parameter.grad /= dist.get_world_size()


def _each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Returns a structure of tensors with each of them changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_tensor(own, change) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_each_tensor(own, change) for own in value)
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **_each_tensor(own, change))
    return value


def _of_all(own: Tensor) -> Tensor:
    """Returns the rows of all processes, one after the other, padded to the longest of all."""
    shapes = torch.zeros(dist.get_world_size(), own.ndim, dtype=torch.long, device=own.device)
    shapes[dist.get_rank()] = torch.tensor(own.shape)
    dist.all_reduce(shapes)
    first = int(shapes[: dist.get_rank(), 0].sum())
    return _Gather.apply(own, first, (int(shapes[:, 0].sum()), *shapes[:, 1:].amax(0).tolist()))


class _Gather(torch.autograd.Function):
    """Puts rows in their place among all; hands their gradient back, times the processes."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, first: int, shape: tuple[int, ...]) -> Tensor:
        ctx.place = (slice(first, first + len(own)), *map(slice, own.shape[1:]))
        every = own.new_zeros(shape)
        every[ctx.place] = own
        dist.all_reduce(every)
        return every

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient[ctx.place] * dist.get_world_size(), None, None
