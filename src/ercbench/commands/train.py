"""`ercbench train`: one run and its scores as a table, or several, with a line each."""

from omegaconf import DictConfig

from ercbench.config.sweep import swept
from ercbench.console import wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.summary import run_line, summary
from ercbench.launching.asking import check_same
from ercbench.records.run_record import RunRecord
from ercbench.training.train import carry_out, plan


def train_command(config: DictConfig) -> RunRecord:
    """Trains, prints the run's scores, and returns its record.

    Raises:
        ErcbenchError: A setting or an input is wrong, or is not what a launcher asked for.
    """
    if config.launcher is not None:
        raise ErcbenchError(
            "launcher: starts the runs of -m, of which there may be one. Add -m, or leave it out."
        )
    planned = plan(config)
    check_same(planned)
    record = carry_out(planned)
    overrides = swept()
    shown = summary(record) if overrides is None else run_line(record, overrides)
    wide_console().print(shown)
    return record
