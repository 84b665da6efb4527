"""GraphSmile: Li et al., IEEE TPAMI 2025."""

from ercbench.models.graphsmile.settings import GraphSmileSettings
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="graphsmile",
        title="GraphSmile",
        summary="Li et al. 2025, from the released code, its defects mended",
        settings=GraphSmileSettings,
        target="ercbench.models.graphsmile.lightning.GraphSmile",
        tiny={
            "hidden": 8,
            "layers": 2,
            "sentiments": {"label0": "positive", "label1": "neutral", "label2": "negative"},
        },
    ),
)
