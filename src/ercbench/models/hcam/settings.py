"""The settings of HCAM."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings, TrainableSettings
from ercbench.settings import (
    Count,
    DropoutRate,
    NonNegative,
    Positive,
    Share,
    at_least,
    require,
)


@dataclass(kw_only=True)
class ContrastiveSettings(TrainableSettings):
    """What every stage's loss has: cross-entropy and supervised contrastive loss, in shares.

    Attributes:
        beta: Share of the cross-entropy in the loss; the rest is the contrastive loss's.
        temperature: Of the contrastive loss.
        focal_gamma: Exponent of the focal loss in place of cross-entropy; 0 for cross-entropy.
    """

    beta: Share
    temperature: Positive
    focal_gamma: NonNegative

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            "micro_batch_utterances",
            self.micro_batch_utterances,
            self.micro_batch_utterances is None or self.beta == 1,
            "null, because the contrastive loss compares all utterances of a batch (without it, "
            "beta=1, a batch can be cut)",
        )


@dataclass(kw_only=True)
class HCAMSettings(ContrastiveSettings, ModelSettings):
    """Sizes and training of HCAM; the paper's own are unknown.

    Attributes:
        learning_rate: Of the context stages.
        fusion_learning_rate: Of the fusion stage.
        context_epochs: Most epochs of each context stage; None for `trainer.max_epochs`.
        fusion_epochs: The same of the fusion stage.
        hidden: Width of a context encoder's rows, both directions of the GRU together; even.
        gru_layers: Layers of the GRU.
        context_layers: Self-attention blocks after it.
        context_attention: Width of all heads together in these; a multiple of `heads`.
        fusion_width: Width W of each modality in the fusion.
        fusion_layers: Co-attention layers, L.
        fusion_attention: Width of all heads together in these; a multiple of `heads`.
        heads: Attention heads.
        dropout: After every GRU layer and every attention.
    """

    fusion_learning_rate: Positive
    context_epochs: Count | None
    fusion_epochs: Count | None
    hidden: Annotated[int, at_least(2)]
    gru_layers: Count
    context_layers: Count
    context_attention: Count
    fusion_width: Count
    fusion_layers: Count
    fusion_attention: Count
    heads: Count
    dropout: DropoutRate

    def __post_init__(self) -> None:
        super().__post_init__()
        require("hidden", self.hidden, self.hidden % 2 == 0, "an even number")
        for name in ("context_attention", "fusion_attention"):
            found, expected = getattr(self, name), f"a multiple of heads={self.heads}"
            require(name, found, found % self.heads == 0, expected)
