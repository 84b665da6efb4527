"""MultiEMO: Shi and Huang, ACL 2023."""

from ercbench.models.multiemo.settings import MultiEMOSettings
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="multiemo",
        title="MultiEMO",
        summary="Shi and Huang 2023, from the released code, its defects mended",
        settings=MultiEMOSettings,
        target="ercbench.models.multiemo.lightning.MultiEMO",
        tiny={"hidden": 8},
    ),
)
