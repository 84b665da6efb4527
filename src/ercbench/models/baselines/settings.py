"""The settings of the baselines."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate


@dataclass(kw_only=True)
class BaselineSettings(ModelSettings):
    """Sizes of a baseline over the concatenated features.

    Attributes:
        hidden: Width of each modality's projection and of the hidden layers (per direction).
        layers: Number of hidden layers.
        dropout: Before and after the hidden layers.
    """

    hidden: Count
    layers: Count
    dropout: DropoutRate


@dataclass(kw_only=True)
class MLPSettings(BaselineSettings):
    """Settings of the context-free multilayer perceptron."""


@dataclass(kw_only=True)
class GRUSettings(BaselineSettings):
    """Settings of the bidirectional GRU."""
