"""Prints what runs came to: one run's scores, or the table of many."""

from pathlib import Path
from typing import Any

from rich.console import Console

from ercbench.evaluation.run import read_runs
from ercbench.evaluation.tables import comparison, encoder_summary, summary


def report(folder: Path) -> None:
    """Prints a table per corpus and split of the finished runs in a folder.

    Raises:
        ErcbenchError: There is no finished run.
    """
    console = wide_console()
    for table in comparison(read_runs(folder)):
        console.print(table)


def print_result(result: dict[str, Any]) -> None:
    """Prints one run's scores."""
    wide_console().print(summary(result))


def print_encoder(result: dict[str, Any]) -> None:
    """Prints how an encoder's vectors tell labels apart on test, before and after training."""
    wide_console().print(encoder_summary(result))


def wide_console() -> Console:
    """Returns a console wide enough for a table where the output is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=120)
