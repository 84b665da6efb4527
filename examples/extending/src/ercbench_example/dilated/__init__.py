"""A dilated convolution over turns: each layer doubles how far an utterance sees."""

from ercbench.models.registry import Model
from ercbench_example.dilated.settings import DilatedSettings

MODEL = Model(
    name="dilated",
    title="Dilated convolution",
    summary="convolutions over turns that see twice as far with each layer",
    settings=DilatedSettings,
    target="ercbench_example.dilated.lightning.Dilated",
    tiny={"hidden": 8},
    conf="pkg://ercbench_example.conf",
)
