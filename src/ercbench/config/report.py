"""The type of the settings of `ercbench report`."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.settings import Settings, between


@dataclass(kw_only=True)
class ReportSettings(Settings):
    """Everything `ercbench report` can be told.

    Attributes:
        runs: Folder of the run records.
        studies: Folder of the tuning studies, which need not be there.
        out: Folder for tables as files, figures and a page; None to print alone.
        draws: Of the permutation.
        wandb: Whether the comparison goes to Weights & Biases.
    """

    runs: str
    studies: str
    out: str | None
    draws: Annotated[int, between(100, 1_000_000)]
    wandb: bool
