"""`ercbench train`: one run and its scores as a table, or several, with a line each."""

from omegaconf import DictConfig

from ercbench.config.sweep import swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import run_line, summary
from ercbench.records.run_record import RunRecord
from ercbench.training.train import train


def train_command(config: DictConfig) -> RunRecord:
    """Trains, prints the run's scores, and returns its record."""
    record = train(config)
    overrides = swept()
    shown = summary(record) if overrides is None else run_line(record, overrides)
    wide_console().print(shown)
    return record
