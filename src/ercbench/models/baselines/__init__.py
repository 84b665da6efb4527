"""The plainest models: what any paper's gain is measured against."""

from ercbench.models.baselines.settings import GRUSettings, MLPSettings
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="gru",
        title="GRU",
        summary="a bidirectional GRU over the concatenated features: context, and nothing else",
        settings=GRUSettings,
        target="ercbench.models.baselines.lightning.GRU",
        tiny={"hidden": 8},
    ),
    Model(
        name="mlp",
        title="MLP",
        summary="a multilayer perceptron on one utterance: no context",
        settings=MLPSettings,
        target="ercbench.models.baselines.lightning.MLP",
        tiny={"hidden": 8},
    ),
)
