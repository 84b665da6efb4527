"""The settings of the baselines."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings, require


@dataclass
class BaselineSettings(ModelSettings):
    """Sizes of a baseline over the concatenated features.

    Attributes:
        hidden: Width of each modality's projection and of the hidden layers (per direction).
        layers: Number of hidden layers.
        dropout: Before and after the hidden layers.
    """

    hidden: int = 128
    layers: int = 2
    dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require("hidden", self.hidden, self.hidden >= 1, "at least 1")
        require("layers", self.layers, self.layers >= 1, "at least 1")
        require("dropout", self.dropout, 0 <= self.dropout < 1, "from 0 to below 1")


@dataclass
class MLPSettings(BaselineSettings):
    """Settings of the context-free multilayer perceptron."""

    _target_: str = "ercbench.models.baselines.lightning.MLP"


@dataclass
class GRUSettings(BaselineSettings):
    """Settings of the bidirectional GRU."""

    _target_: str = "ercbench.models.baselines.lightning.GRU"
