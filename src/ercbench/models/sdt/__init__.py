"""SDT: Ma et al., IEEE TMM 2024."""

from ercbench.models.registry import Model
from ercbench.models.sdt.settings import SDTSettings

MODELS = (
    Model(
        name="sdt",
        title="SDT",
        summary="Ma et al. 2024, from the released code",
        settings=SDTSettings,
        target="ercbench.models.sdt.lightning.SDT",
        tiny={"hidden": 8, "heads": 2},
    ),
)
