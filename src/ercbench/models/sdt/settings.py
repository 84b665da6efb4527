"""The settings of SDT."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, NonNegative, Positive, one_of, require


@dataclass(kw_only=True)
class SDTSettings(ModelSettings):
    """Sizes and training of SDT.

    Attributes:
        hidden: Width of every modality and of the feed-forward parts. A multiple of `heads`.
        heads: Attention heads.
        layers: Layers of each transformer, intra- and inter-modal.
        speakers: Size of the table of speaker embeddings; further speakers of a conversation share
            the last one.
        unimodal_gate: `learned`, as the paper has it; `fixed`: sigmoid(h) * h, as the released code
            has it on MELD.
        dropout: In transformers and heads.
        unimodal_weight: Of the cross-entropies of each modality's own head.
        distillation_weight: Of the divergences of each modality's head from the fused one.
        temperature: By which both sides' logits are divided in the distillation.
        teacher_learns: Whether the distillation's gradient also reaches the fused answer, as in
            the released code.
    """

    hidden: Count
    heads: Count
    layers: Count
    speakers: Count
    unimodal_gate: Annotated[str, one_of("learned", "fixed")]
    dropout: DropoutRate
    unimodal_weight: NonNegative
    distillation_weight: NonNegative
    temperature: Positive
    teacher_learns: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = self.hidden % self.heads == 0
        require("hidden", self.hidden, holds, f"a multiple of heads={self.heads}")
