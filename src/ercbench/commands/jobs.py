"""`ercbench jobs`: what is done, what runs, what failed and why, what is left."""

from omegaconf import DictConfig

from ercbench.console import wide_console
from ercbench.files import expanded
from ercbench.launching.job import State
from ercbench.launching.standing import counted, standings, standings_table


def jobs_command(config: DictConfig) -> None:
    """Prints how the runs of a folder stand, those that have finished as a number.

    Args:
        config: As `JobsSettings` describes it.

    Raises:
        ErcbenchError: There is no run.
    """
    found = standings(expanded(config.runs))
    if all(own.state is State.FINISHED for own in found):
        print(counted(found))
    else:
        wide_console().print(standings_table(found))
