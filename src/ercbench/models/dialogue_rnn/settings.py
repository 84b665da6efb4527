"""The settings of DialogueRNN."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate


@dataclass(kw_only=True)
class DialogueRNNSettings(ModelSettings):
    """Sizes and training of DialogueRNN.

    Attributes:
        hidden: Width of global and party states; D_G and D_P in the paper.
        emotion: Width of emotion states, D_E, per direction, and half the classifier's.
        listener: Whether the states of those who listen change too, as in DialogueRNN_l.
        recurrent_dropout: On every new state.
        emotion_dropout: On the emotion states that attention and classifier read.
        dropout: On the classifier's hidden layer.
    """

    hidden: Count
    emotion: Count
    listener: bool
    recurrent_dropout: DropoutRate
    emotion_dropout: DropoutRate
    dropout: DropoutRate
