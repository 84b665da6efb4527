"""The settings of the dilated convolution."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate


@dataclass(kw_only=True)
class DilatedSettings(ModelSettings):
    """Sizes.

    Attributes:
        hidden: Width of every layer.
        layers: Number of convolutions; with n of them an utterance sees 2^n - 1 turns each way.
        dropout: After the projection and after each convolution.
    """

    hidden: Count
    layers: Count
    dropout: DropoutRate
