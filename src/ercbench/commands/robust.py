"""`ercbench robust`: what a missing or noisy modality costs every model at test time."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from rich.text import Text

from ercbench.api.robustness.asking import ask
from ercbench.console import wide_console
from ercbench.evaluation.robustness.curves import Robustness
from ercbench.evaluation.tables.files import stems, write_tables
from ercbench.evaluation.tables.robustness import curves_table, robustness_tables
from ercbench.evaluation.tables.terminal import print_table
from ercbench.files import expanded


def robust_command(config: DictConfig) -> None:
    """Asks runs about damaged test parts, prints a table of each question, writes files.

    Args:
        config: As `RobustSettings` describes it.

    Raises:
        ErcbenchError: There is no run that can be asked, or none reads the modality.
    """
    found = ask(config)
    console = wide_console()
    for own in found:
        print_table(console, curves_table(own))
    for warning in dict.fromkeys(w for own in found for w in own.comparison.warnings):
        console.print(Text("warning:", style="yellow"), Text(warning))
    if config.out is not None:
        _write(found, expanded(config.out))
        console.print(f"Tables and figures are in {expanded(config.out)}.")


def _write(found: Sequence[Robustness], out: Path) -> None:
    """Writes tables and figures as `ercbench report` names them."""
    from ercbench.evaluation.figures.robustness import draw_robustness

    comparisons = list({id(own.comparison): own.comparison for own in found}.values())
    results = [[own for own in found if own.comparison is each] for each in comparisons]
    write_tables(comparisons, [robustness_tables(own) for own in results], out / "tables")
    for stem, own in zip(stems(comparisons), results, strict=True):
        draw_robustness(own, out / "figures" / stem)
