"""Encodings of an utterance's turn in its conversation."""

import torch
from torch import Tensor


def sinusoids(turns: Tensor, width: int) -> Tensor:
    """Returns [N, width] encodings of [N] turns (Vaswani et al. 2017, section 3.5)."""
    rates = 10_000 ** (-torch.arange(0, width, 2, device=turns.device) / width)
    angles = turns[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
