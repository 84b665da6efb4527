"""CFN-ESA: Li et al., IEEE TAFFC 2024."""

from ercbench.models.cfn_esa.settings import CFNESASettings
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="cfn_esa",
        title="CFN-ESA",
        summary="Li et al. 2024, from the released code, its defects mended",
        settings=CFNESASettings,
        target="ercbench.models.cfn_esa.lightning.CFNESA",
        tiny={"hidden": 8},
    ),
)
