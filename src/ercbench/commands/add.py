"""`ercbench add`: another code's predictions, into every table."""

from omegaconf import DictConfig

from ercbench.api.adding import add
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import added_line, added_summary


def add_command(config: DictConfig) -> None:
    """Adds predictions and prints their scores: of one seed as a table, of several in a line each.

    Args:
        config: As `AddSettings` describes it.

    Raises:
        ErcbenchError: A setting is wrong, or the predictions do not fit the test part.
    """
    added, console = add(config), wide_console()
    if len(added) == 1:
        console.print(added_summary(*added))
    else:
        for record in added:
            console.print(added_line(record))
