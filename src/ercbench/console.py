"""Prints one run's scores; where the output is no terminal, wide enough for a table."""

from typing import Any

from rich.console import Console

from ercbench.evaluation.summary import encoder_summary, summary


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
