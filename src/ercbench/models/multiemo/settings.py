"""The settings of MultiEMO."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, NonNegative, Positive, at_least, one_of, require


@dataclass(kw_only=True)
class MultiEMOSettings(ModelSettings):
    """Sizes and training of MultiEMO.

    Attributes:
        hidden: Width of everything; a multiple of `heads`.
        text_context: Whether text, too, has a DialogueRNN; the released MELD model has none.
        directions: Of each DialogueRNN, 1 or 2; the released MELD model has 1.
        heads: Attention heads.
        layers: Of cross-attention; 0 leaves it out.
        feed_forward: Hidden width of its feed-forward parts, as a multiple of `hidden`.
        classifier: Hidden width of the classifier, the same.
        attention: `masked`, or `as_released`: padding is asked too.
        recurrent_dropout: On every new state of a DialogueRNN.
        dropout: After each part.
        emotion_weight: Of the cross-entropy in the loss.
        contrastive_weight: Of the sample-weighted focal contrastive loss.
        temperature: Divides its cosines.
        focus: Exponent of its 1 - p.
        rarity: Exponent of a class's rarity in its weights.
        correlation_weight: Of the soft-HGR loss.
        correlation: `soft_hgr`, or `as_released`: the covariance along the wrong axis.
    """

    hidden: Count
    text_context: bool
    directions: Annotated[int, one_of(1, 2)]
    heads: Count
    layers: Annotated[int, at_least(0)]
    feed_forward: Count
    classifier: Count
    attention: Annotated[str, one_of("masked", "as_released")]
    recurrent_dropout: DropoutRate
    dropout: DropoutRate
    emotion_weight: Positive
    contrastive_weight: NonNegative
    temperature: Positive
    focus: NonNegative
    rarity: NonNegative
    correlation_weight: NonNegative
    correlation: Annotated[str, one_of("soft_hgr", "as_released")]

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = self.hidden % self.heads == 0
        require("hidden", self.hidden, holds, f"a multiple of heads={self.heads}")
        require(
            "micro_batch_utterances",
            self.micro_batch_utterances,
            self.micro_batch_utterances is None
            or self.contrastive_weight == self.correlation_weight == 0,
            "null, because two of the losses compare all utterances of a batch (without them, "
            "contrastive_weight=0 correlation_weight=0, a batch can be cut)",
        )
