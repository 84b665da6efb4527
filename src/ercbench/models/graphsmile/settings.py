"""The settings of GraphSmile."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, NonNegative, at_least, one_of, require

SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(kw_only=True)
class GraphSmileSettings(ModelSettings):
    """Sizes and training of GraphSmile.

    Attributes:
        hidden: Width of every modality.
        layers: Graph convolutions between each two modalities.
        past: Utterances before it that an utterance hears.
        future: Utterances after it that an utterance hears.
        edge_weights: `by_offset`: learned, positive, one for each distance and direction;
            `as_released`: learned, of any sign, one for each number of an edge in the batch.
        text_norm: `none`, as features are standardised; `as_released`: batch normalisation of
            the text, over padding too.
        dropout: Of the projections and between the graph's layers and their sum.
        sentiments: Label to its sentiment, for the two auxiliary losses; a label that is not
            named, or has none, does not count in them.
        sentiment_weight: Of the loss on sentiments.
        shift_weight: Of the loss on whether the sentiments of two utterances differ.
        shift_window: Utterances of the windows in which pairs are formed, one window after
            another; None takes the conversation whole.
    """

    hidden: Count
    layers: Count
    past: Annotated[int, at_least(0)]
    future: Annotated[int, at_least(0)]
    edge_weights: Annotated[str, one_of("by_offset", "as_released")]
    text_norm: Annotated[str, one_of("none", "as_released")]
    dropout: DropoutRate
    sentiments: dict[str, str | None]
    sentiment_weight: NonNegative
    shift_weight: NonNegative
    shift_window: Count | None

    def __post_init__(self) -> None:
        super().__post_init__()
        whole = self.edge_weights == "by_offset" and self.text_norm == "none"
        require(
            "micro_batch_utterances",
            self.micro_batch_utterances,
            whole or self.micro_batch_utterances is None,
            "null with as_released parts, which need the whole batch",
        )
        known = all(sentiment in (None, *SENTIMENTS) for sentiment in self.sentiments.values())
        expected = f"labels, each with one of {', '.join(SENTIMENTS)} or null"
        require("sentiments", self.sentiments, known, expected)
