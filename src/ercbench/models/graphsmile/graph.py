"""The graph between two modalities: who hears whom, and how strongly.

An utterance of one modality hears those of the other within a window around it, itself included,
and nobody of its own modality. B conversations, L utterances in the longest, N in all.
"""

import torch
from torch import Tensor, nn

from ercbench.models.blocks.attention import Dropout
from ercbench.models.blocks.packing import Packing
from ercbench.models.graphsmile.settings import GraphSmileSettings

RELEASED_EDGES = 500_000  # weights that the released code keeps, whatever the batch needs


class Window:
    """Which utterances of the batch hear which.

    Args:
        packing: Where the conversations lie.
        past: How far back.
        future: How far ahead.
    """

    def __init__(self, packing: Packing, past: int, future: int) -> None:
        lengths = torch.tensor(packing.lengths, device=packing.device)
        turns = torch.arange(max(packing.lengths), device=packing.device)
        self.packing = packing
        self.mask = turns < lengths[:, None]  # [B, L]
        offsets = turns - turns[:, None]  # [L, L] from the hearer to the heard
        near = (offsets >= -past) & (offsets <= future)
        self.edges = near & self.mask[:, :, None] & self.mask[:, None]  # [B, L, L]
        self.offsets = (offsets + past).clamp(0, past + future)  # [L, L]

    def hear(self, weights: Tensor, rows: Tensor) -> Tensor:
        """Returns [N, D], each the sum of the [N, D] rows by [B, L, L] weights."""
        return (weights @ self.packing.pad(rows).to(weights.dtype))[self.mask]


class OffsetWeights(nn.Module):
    """A positive weight for each offset and direction, 1 before training.

    Args:
        width: Offsets in the window.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.logs = nn.Parameter(torch.zeros(2, width))

    def forward(self, window: Window) -> list[Tensor]:
        """Returns the two directions' [B, L, L] weights, 0 where there is no edge."""
        return [log.exp()[window.offsets] * window.edges for log in self.logs]


class ReleasedWeights(nn.Module):
    """The released code's weights: the k-th edge of the batch has the k-th, whatever it joins."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Parameter(torch.ones(RELEASED_EDGES))

    def forward(self, window: Window) -> list[Tensor]:
        """Returns the two directions' [B, L, L] weights, 0 where there is no edge."""
        both = torch.stack([window.edges, window.edges], 1)  # [B, 2, L, L]
        weights = self.each.new_zeros(both.shape)
        weights[both] = self.each[: int(both.sum())]
        return list(weights.unbind(1))


def normalised(weights: list[Tensor]) -> list[Tensor]:
    """Returns both directions' [B, L, L] weights over the roots of both ends' sums."""
    sums = [w.sum(-1) for w in weights]  # [B, L], 0 in padding alone
    first, second = (torch.where(each == 0, 1, each).pow(-0.5) for each in sums)
    return [
        weights[0] * first[:, :, None] * second[:, None],
        weights[1] * second[:, :, None] * first[:, None],
    ]


class PairGraph(nn.Module):
    """Graph convolutions between two modalities; what each layer makes is added up.

    Both modalities share a layer's weights; nothing nonlinear stands between layers.

    Args:
        settings: Width, layers, window, kind of weights, dropout.
    """

    def __init__(self, settings: GraphSmileSettings) -> None:
        super().__init__()
        width, layers = settings.hidden, range(settings.layers)
        self.weights: nn.Module = (
            OffsetWeights(settings.past + settings.future + 1)
            if settings.edge_weights == "by_offset"
            else ReleasedWeights()
        )
        self.convolve = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in layers)
        self.biases = nn.ParameterList(
            nn.init.uniform_(torch.empty(width), -(width**-0.5), width**-0.5) for _ in layers
        )
        self.add = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(), Dropout(settings.dropout))
            for _ in layers
        )

    def forward(self, first: Tensor, second: Tensor, window: Window) -> tuple[Tensor, Tensor]:
        """Returns two [N, D] of two [N, D]."""
        to_first, to_second = normalised(self.weights(window))
        sums = first, second
        for convolve, bias, add in zip(self.convolve, self.biases, self.add, strict=True):
            first, second = (
                window.hear(to_first, convolve(second)) + bias,
                window.hear(to_second, convolve(first)) + bias,
            )
            sums = sums[0] + add(first), sums[1] + add(second)
        return sums
