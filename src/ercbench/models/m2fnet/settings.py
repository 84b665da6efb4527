"""The settings of M2FNet."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, one_of, require


@dataclass(kw_only=True)
class M2FNetSettings(ModelSettings):
    """Sizes and training of M2FNet's dialogue network.

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

    hidden: Count | None
    heads: Count
    encoders: Count
    feed_forward: Count
    fusion: Annotated[str, one_of("as_printed", "residual", "concatenation")]
    fusion_layers: Count
    positions: Annotated[str, one_of("none", "sinusoidal")]
    dropout: DropoutRate
    primary: str

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            "hidden",
            self.hidden,
            self.hidden is None or self.hidden % self.heads == 0,
            f"a multiple of heads={self.heads}, or null for the features' own widths",
        )
