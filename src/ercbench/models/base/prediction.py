"""What every network returns."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """A network's answer to a batch of B conversations padded to L, over C labels.

    Attributes:
        logits: [B, L, C]; what stands in padding means nothing.
    """

    logits: Tensor
