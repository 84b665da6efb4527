"""The settings of M2FNet."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings, one_of, require

FUSIONS = ("as_printed", "residual", "concatenation")
POSITIONS = ("none", "sinusoidal")


@dataclass
class M2FNetSettings(ModelSettings):
    """Sizes and training of M2FNet's dialogue network; the defaults suit a laptop.

    Attributes:
        hidden: Width to which every modality is brought first; None leaves each its own, as in
            the paper. A multiple of `heads`.
        heads: Attention heads, in encoders and fusion.
        encoders: Transformer encoders per modality, N.
        feed_forward: Hidden width of their feed-forward parts, as a multiple of the width.
        fusion: `as_printed`: attention and a linear layer; `residual`: with skips, norms and a
            feed-forward part; `concatenation`: no fusion attention at all.
        fusion_layers: Layers of fusion attention, m.
        positions: Whether the encoders are told the order of the utterances: `none`, as the paper
            prints no such thing, or `sinusoidal`, as in the transformer it cites.
        dropout: In the encoders, in the residual fusion and in the head.
        primary: The modality that asks the others; text in the paper.
    """

    _target_: str = "ercbench.models.m2fnet.lightning.M2FNet"
    learning_rate: float = 5e-4
    weight_decay: float = 5e-4
    hidden: int | None = 128
    heads: int = 4
    encoders: int = 1
    feed_forward: int = 4
    fusion: str = "as_printed"
    fusion_layers: int = 5
    positions: str = "none"
    dropout: float = 0.4
    primary: str = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("heads", "encoders", "feed_forward", "fusion_layers"):
            require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        one_of("fusion", self.fusion, FUSIONS)
        one_of("positions", self.positions, POSITIONS)
        require("dropout", self.dropout, 0 <= self.dropout < 1, "from 0 to below 1")
        require(
            "hidden",
            self.hidden,
            self.hidden is None or (self.hidden >= 1 and self.hidden % self.heads == 0),
            f"a multiple of model.heads={self.heads}, or null for the features' own widths",
        )
