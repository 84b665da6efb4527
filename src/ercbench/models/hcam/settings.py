"""The settings of HCAM."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings, require


@dataclass
class ContrastiveSettings(ModelSettings):
    """What every stage's loss has: cross-entropy and supervised contrastive loss, in shares.

    Attributes:
        beta: Share of the cross-entropy in the loss; the rest is the contrastive loss's.
        temperature: Of the contrastive loss.
        focal_gamma: Exponent of the focal loss in place of cross-entropy; 0 for cross-entropy.
    """

    beta: float = 0.5
    temperature: float = 0.07
    focal_gamma: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require("beta", self.beta, 0 <= self.beta <= 1, "from 0 to 1")
        require("temperature", self.temperature, self.temperature > 0, "more than 0")
        require("focal_gamma", self.focal_gamma, self.focal_gamma >= 0, "0 or more")
        require(
            "piece_utterances",
            self.piece_utterances,
            self.piece_utterances is None or self.beta == 1,
            "null, because the contrastive loss compares all utterances of a batch (without it, "
            "model.beta=1, a batch can be cut)",
        )


@dataclass
class HCAMSettings(ContrastiveSettings):
    """Sizes and training of HCAM; the paper's own are unknown, the defaults suit a laptop.

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

    _target_: str = "ercbench.models.hcam.lightning.HCAM"
    learning_rate: float = 1e-3
    fusion_learning_rate: float = 3e-4
    context_epochs: int | None = None
    fusion_epochs: int | None = None
    hidden: int = 128
    gru_layers: int = 1
    context_layers: int = 2
    context_attention: int = 60
    fusion_width: int = 128
    fusion_layers: int = 2
    fusion_attention: int = 60
    heads: int = 3
    dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = ("gru_layers", "context_layers", "fusion_width", "fusion_layers", "heads")
        for name in sizes:
            require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        require("hidden", self.hidden, self.hidden >= 2 and self.hidden % 2 == 0, "an even number")
        for name in ("context_attention", "fusion_attention"):
            found, expected = getattr(self, name), f"a multiple of model.heads={self.heads}"
            require(name, found, found >= 1 and found % self.heads == 0, expected)
        for name in ("context_epochs", "fusion_epochs"):
            found = getattr(self, name)
            require(name, found, found is None or found >= 1, "at least 1, or null")
        require("dropout", self.dropout, 0 <= self.dropout < 1, "from 0 to below 1")
        rate = self.fusion_learning_rate
        require("fusion_learning_rate", rate, rate > 0, "more than 0")
