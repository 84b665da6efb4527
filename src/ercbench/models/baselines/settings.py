"""The settings of the baselines."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, require


@dataclass(kw_only=True)
class MajoritySettings(ModelSettings):
    """Settings of the most frequent class, which learns nothing: none of them matters."""


@dataclass(kw_only=True)
class LogisticRegressionSettings(ModelSettings):
    """Settings of the logistic regression: those of its training alone."""


@dataclass(kw_only=True)
class BaselineSettings(ModelSettings):
    """Sizes of a baseline with hidden layers.

    Attributes:
        hidden: Width of the hidden layers, of a recurrence per direction.
        layers: Number of hidden layers.
        input_dropout: On the features.
        dropout: On the hidden layers.
    """

    hidden: Count
    layers: Count
    input_dropout: DropoutRate
    dropout: DropoutRate


@dataclass(kw_only=True)
class MLPSettings(BaselineSettings):
    """Settings of the context-free multilayer perceptron."""


@dataclass(kw_only=True)
class GRUSettings(BaselineSettings):
    """Settings of the bidirectional GRU."""


@dataclass(kw_only=True)
class BcLSTMSettings(BaselineSettings):
    """Settings of bc-LSTM; `layers` are those of each of its bidirectional LSTMs."""


@dataclass(kw_only=True)
class LateFusionSettings(BaselineSettings):
    """Settings of the late fusion; `layers` are those of each modality's GRU."""


@dataclass(kw_only=True)
class TransformerSettings(BaselineSettings):
    """Settings of the transformer encoder.

    Attributes:
        heads: Attention heads, a divisor of `hidden`.
    """

    heads: Count

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = self.hidden % self.heads == 0
        require("hidden", self.hidden, holds, f"a multiple of heads={self.heads}")
