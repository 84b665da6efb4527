"""What every network returns."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """A network's answer to a batch of B conversations padded to L, over C labels.

    What a model adds to it begins likewise with conversations, utterances or pairs within a
    conversation, in the order of the batch, so that processes can put together what each computed.

    Attributes:
        logits: [B, L, C]; what stands in padding means nothing.
    """

    logits: Tensor
