"""Bidirectional GRUs over rows (see `packing`), quick on a CPU in training.

There torch's own takes a slice of all inputs at every step, and so fills a gradient of the whole
batch with zeros at every step; it also adds up the gradient of the recurrent weights step by
step. Here both directions step together, and what does not depend on the step before is computed
once for all steps.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import Function, once_differentiable

from ercbench.models.blocks.attention import Dropout
from ercbench.models.blocks.packing import Packing


def recur(gru: nn.GRU, rows: Tensor, packing: Packing) -> Tensor:
    """Runs a bidirectional GRU over each conversation.

    Args:
        gru: Of hidden width H.
        rows: [N, D].
        packing: Where the conversations lie.

    Returns:
        [N, 2 * H], both directions of the last layer.
    """
    if rows.device.type != "cpu":
        return packing.unpack(gru(packing.pack(rows))[0].data)
    for layer in range(gru.num_layers):
        if layer > 0 and gru.training:
            rows = Dropout(gru.dropout)(rows)
        rows = _layer(gru, layer, rows, packing)
    return rows


def _layer(gru: nn.GRU, layer: int, rows: Tensor, packing: Packing) -> Tensor:
    """Returns [N, 2 * H] of [N, D]."""

    def both(name: str) -> Tensor:
        own = getattr(gru, f"{name}_l{layer}"), getattr(gru, f"{name}_l{layer}_reverse")
        return torch.stack(own)  # [2, ...]

    ways, inverse, sizes = packing.both_ways
    turned = rows.index_select(0, ways.flatten()).unflatten(0, (2, -1))  # [2, N, D]
    gates = torch.baddbmm(both("bias_ih")[:, None], turned, both("weight_ih").mT)  # [2, N, 3 * H]
    recurrent = (both(name).to(gates.dtype) for name in ("weight_hh", "bias_hh"))
    hidden = Steps.apply(gates, *recurrent, sizes)  # [2, N, H]
    back = zip(hidden, inverse, strict=True)
    return torch.cat([own.index_select(0, rows) for own, rows in back], -1)


class Steps(Function):
    """The steps of a GRU's two directions, conversations in packed order, longest first.

    With x the part of a gate that the inputs make and y the part that the hidden state h makes:
    r = sigmoid(x_r + y_r), z = sigmoid(x_z + y_z), n = tanh(x_n + r * y_n), h <- n + z * (h - n)
    (the formulas of `torch.nn.GRU`).
    """

    @staticmethod
    def forward(
        ctx: Any,
        gates: Tensor,
        weight: Tensor,
        bias: Tensor,
        sizes: list[int],
        kept: Tensor | None = None,
    ) -> Tensor:
        """Returns [W, N, H] of W directions.

        Args:
            ctx: Keeps what `backward` needs.
            gates: [W, N, 3 * H], x of r, z and n.
            weight: [W, 3 * H, H], from h to y.
            bias: [W, 3 * H], of y.
            sizes: Conversations alive at each step.
            kept: [W, N, H], what dropout multiplies every new h with; None for nothing.
        """
        width = weight.shape[2]
        hidden, taken = gates.new_zeros(len(gates), sizes[0], width), []
        scales = kept.split(sizes, 1) if kept is not None else [None] * len(sizes)
        for x, scale in zip(gates.split(sizes, 1), scales, strict=True):
            before = hidden[:, : x.shape[1]]  # [W, A, H] of the A conversations alive
            y = torch.baddbmm(bias[:, None], before, weight.mT)  # [W, A, 3 * H]
            rz = (x[..., : 2 * width] + y[..., : 2 * width]).sigmoid_()  # [W, A, 2 * H]
            r, z = rz.chunk(2, -1)
            n = torch.addcmul(x[..., 2 * width :], r, y[..., 2 * width :]).tanh_()  # [W, A, H]
            hidden = torch.lerp(n, before, z)  # [W, A, H]
            if scale is not None:
                hidden = hidden * scale
            taken.append((hidden, before, rz, n, y[..., 2 * width :]))
        after, *others = (torch.cat(each, 1) for each in zip(*taken, strict=True))
        ctx.save_for_backward(weight, *others, kept)
        ctx.sizes = sizes
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Returns the gradients of `forward`'s arguments, of [W, N, H]."""
        weight, before, rz, n, y_n, kept = ctx.saved_tensors  # all but the weight [W, N, ...]
        r, z = rz.chunk(2, -1)
        to_n = (1 - z) * (1 - n * n)  # [W, N, H]: dh/dx_n
        # [W, N, 3, H]: dh/dy of r, z and n
        to_y = torch.stack([to_n * y_n * r * (1 - r), (before - n) * z * (1 - z), to_n * r], 2)
        if kept is not None:
            to_n, to_y, z = to_n * kept, to_y * kept[:, :, None], z * kept
        steps = (own.split(ctx.sizes, 1) for own in (grad, to_y, z))
        carried, totals = grad[:, :0], []
        for own, factor, stays in reversed(list(zip(*steps, strict=True))):
            total = own.clone()  # [W, A, H]
            total[:, : carried.shape[1]] += carried
            totals.append(total)
            carried = torch.baddbmm(total * stays, (total[:, :, None] * factor).flatten(2), weight)
        total = torch.cat(totals[::-1], 1)  # [W, N, H]
        ys = (total[:, :, None] * to_y).flatten(2)  # [W, N, 3 * H]
        xs = torch.cat([ys[..., : 2 * n.shape[2]], total * to_n], -1)  # [W, N, 3 * H]
        return xs, ys.mT @ before, ys.sum(1), None, None
