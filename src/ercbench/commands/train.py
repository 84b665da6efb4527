"""`ercbench train`: one run and its scores as a table, or several, with a line each."""

from omegaconf import DictConfig

from ercbench.config.sweep import check_several, swept
from ercbench.console import wide_console
from ercbench.evaluation.tables.summary import run_line, summary
from ercbench.launching.asking import check_same
from ercbench.launching.work import of_run
from ercbench.records.run_record import RunRecord
from ercbench.training.train import carry_out, plan


def train_command(config: DictConfig) -> RunRecord:
    """Trains, prints the run's scores, and returns its record.

    Raises:
        ErcbenchError: A setting or an input is wrong, or is not what a launcher asked for.
    """
    check_several(config)
    planned = plan(config)
    check_same(of_run(planned))
    record = carry_out(planned)
    overrides = swept()
    shown = summary(record) if overrides is None else run_line(record, overrides)
    wide_console().print(shown)
    return record
