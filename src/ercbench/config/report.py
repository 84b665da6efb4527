"""The type of the settings of `ercbench report`."""

from dataclasses import dataclass

from ercbench.settings import Settings


@dataclass(kw_only=True)
class ReportSettings(Settings):
    """Everything `ercbench report` can be told.

    Attributes:
        runs: Folder of the run records.
        studies: Folder of the tuning studies, which need not be there.
        out: Folder for tables as files, figures and a page; None to print alone.
        ladder: Groups in the order in which something was added, as in `gru@text:minilm`; none
            for no ladder.
        wandb: Whether the comparison goes to Weights & Biases.
    """

    runs: str
    studies: str
    out: str | None
    ladder: list[str]
    wandb: bool
