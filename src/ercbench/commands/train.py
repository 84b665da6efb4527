"""`ercbench train`: one run and its scores as a table, or several, with a line each."""

from typing import Any

from omegaconf import DictConfig

from ercbench.config.sweep import swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import run_line, summary
from ercbench.training.train import train


def train_command(config: DictConfig) -> dict[str, Any]:
    """Trains, prints the run's scores, and returns its record."""
    result = train(config)
    overrides = swept()
    shown = summary(result) if overrides is None else run_line(result, overrides)
    wide_console().print(shown)
    return result
