"""The recurrent layers of the baselines."""

from torch import nn

from ercbench.models.baselines.settings import BaselineSettings


def bidirectional_gru(width: int, settings: BaselineSettings) -> nn.GRU:
    """Returns a GRU from `width` to 2 * `hidden`, with dropout between its layers."""
    between = settings.dropout if settings.layers > 1 else 0.0
    return nn.GRU(width, settings.hidden, settings.layers, dropout=between, bidirectional=True)
