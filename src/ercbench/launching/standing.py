"""How runs stand, whoever started them: read off their folders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from ercbench.errors import ErcbenchError
from ercbench.launching.engines.queue import refresh_slurm
from ercbench.launching.job import JOB, Job, State
from ercbench.records.reading import check_runs
from ercbench.records.run_folder import BusyError, RunFolder

ORDER = (State.FINISHED, State.RUNNING, State.WAITING, State.FAILED, State.LEFT)
STOPPED = "Its process is gone; the same command goes on."


@dataclass(frozen=True)
class Standing:
    """How one run stands.

    Attributes:
        name: Of the run.
        state: Finished, running, waiting in line, failed, or left.
        where: The machine or the place in line, as far as known.
        said: Why it failed, or the last line that it printed.
    """

    name: str
    state: State
    where: str = ""
    said: str = ""


def standings(folder: Path) -> list[Standing]:
    """Returns how the runs of a folder stand, in the order of their names.

    Raises:
        ErcbenchError: The folder is not there or holds no run.
    """
    check_runs(folder)
    paths = [path for path in sorted(folder.iterdir()) if path.is_dir() and _is_run(path)]
    if not paths:
        raise ErcbenchError(f"'{folder}' holds no run. Start one first: ercbench train -m seed=0,1")
    refresh_slurm([Job(path / JOB) for path in paths])
    return [standing(path) for path in paths]


def standing(path: Path) -> Standing:
    """Returns how the run of a folder stands."""
    run, job = RunFolder(path), Job(path / JOB)
    if run.finished and not _lacks_more(run, job):
        return Standing(path.name, State.FINISHED)
    if not job.path.is_dir():
        return _without_job(run)
    state, queued = job.state, job.queued
    line = " ".join(filter(None, (queued.get("launcher"), queued.get("id"))))
    where = str(job.began.get("host", "")) if job.began else line
    said = job.why if state is State.FAILED else job.last_line
    return Standing(path.name, state, where, said)


def counted(found: Sequence[Standing]) -> str:
    """Returns how many runs stand how, in words."""
    counts = Counter(own.state for own in found)
    return ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])


def standings_table(found: Sequence[Standing]) -> Table:
    """Returns a table of those runs that have not finished, with a count of all."""
    table = Table(title=Text(counted(found)))
    for column in ("run", "state", "where", "last word"):
        table.add_column(column, overflow="fold")
    for own in found:
        if own.state is not State.FINISHED:
            table.add_row(*map(Text, (own.name, own.state, own.where, own.said)))
    return table


def _is_run(path: Path) -> bool:
    run = RunFolder(path)
    return run.finished or run.config.is_file() or (path / JOB).is_dir()


def _lacks_more(run: RunFolder, job: Job) -> bool:
    """Whether what was asked beside the run's own result, as the encoders of folds, is missing."""
    return job.path.is_dir() and Path(job.asked.result).name != run.result.name and not job.finished


def _without_job(run: RunFolder) -> Standing:
    """Returns how a run stands that no launcher started."""
    try:
        with run.locked():
            return Standing(run.path.name, State.FAILED, said=STOPPED)
    except BusyError:
        return Standing(run.path.name, State.RUNNING)
