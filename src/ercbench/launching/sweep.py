"""Runs of `ercbench train -m` by an engine: planned, started, waited for, and summed up."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ercbench.config.compose import checked
from ercbench.config.explain import explain
from ercbench.config.sweep import given_options
from ercbench.console import say, wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.summary import sweep_summary
from ercbench.launching.asking import job_of
from ercbench.launching.engines.engine import Engine
from ercbench.launching.engines.queue import refresh_slurm
from ercbench.launching.job import Asked, Job, State
from ercbench.launching.standing import standing, standings_table
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import plan

Overrides = Sequence[str]


@dataclass(frozen=True)
class PlannedJob:
    """A run that can be started.

    Attributes:
        overrides: That tell it from the others.
        job: Its job.
        asked: What the job is asked.
        run: Its folder.
        force: Whether it runs again although it has finished.
    """

    overrides: list[str]
    job: Job
    asked: Asked
    run: RunFolder
    force: bool

    def ask(self) -> None:
        """Writes down what is asked, unless the job is in line from before.

        Raises:
            ErcbenchError: The folder cannot be written.
        """
        if self.job.is_alive:
            return
        if self.force:
            self.run.forget()
        self.job.ask(self.asked)


def launch(runs: Sequence[tuple[Overrides, DictConfig]]) -> list[float | None]:
    """Lets an engine carry out runs; those that have finished are not run again.

    Args:
        runs: The overrides of each, and the settings that they lead to, those of the engine among
            them.

    Returns:
        The score on validation of each; None of one that waits in line.

    Raises:
        ErcbenchError: One could not be planned, or did not finish.
    """
    common = set.intersection(*(set(own) for own, _ in runs))
    planned, wrong = [], 0
    for overrides, config in runs:
        told = [own for own in overrides if own not in common]
        try:
            planned.append(_planned(overrides, told, config))
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            wrong += 1
            say(f"ercbench: {', '.join(told)}: {message}")
    todo = [own for own in planned if own.force or not own.run.finished]
    if len(todo) < len(planned):
        say(f"{len(planned) - len(todo)} of {len(planned)} runs had finished, not run again")
    refresh_slurm([own.job for own in todo])
    for own in todo:
        own.ask()
    waited = not todo or run_jobs([own.job for own in todo], runs[0][1].launcher)
    return _sum_up(planned, wrong, waited)


def run_jobs(jobs: Sequence[Job], launcher: Any) -> bool:
    """Lets an engine carry out jobs; says how each ends.

    Returns:
        Whether all have ended; False if they are left to the engine.
    """
    settings: Any = OmegaConf.to_object(launcher)
    engine: Engine = get_class(settings._target_)(settings)
    return engine.run(jobs, _teller(len(jobs)))


def _planned(overrides: Overrides, told: list[str], config: DictConfig) -> PlannedJob:
    planned = plan(checked(config))
    own = [word for word in overrides if not word.startswith(("launcher", "force="))]
    job, asked = job_of(planned, ["train", *given_options(), *own])
    return PlannedJob(told, job, asked, planned.folder, config.force)


def _teller(count: int) -> Callable[[Job], None]:
    """Returns what prints a line on each job that has ended."""
    ended = 0

    def tell(job: Job) -> None:
        nonlocal ended
        ended += 1
        why = "" if job.state is not State.FAILED else f" ({job.why})"
        say(f"{ended} of {count}: {job.name} {job.state}{why}")

    return tell


def _sum_up(planned: Sequence[PlannedJob], wrong: int, waited: bool) -> list[float | None]:
    """Prints what the runs came to, as their folders tell.

    Raises:
        ErcbenchError: One did not finish.
    """
    records = [(own, own.run.read(RunRecord)) for own in planned if own.run.finished]
    others = [standing(own.run.path) for own in planned if not own.run.finished]
    if records:
        wide_console().print(sweep_summary([(own.overrides, record) for own, record in records]))
    if others:
        wide_console().print(standings_table(others))
    states = Counter(own.state for own in others)
    if not waited and not wrong and not states[State.FAILED]:
        say(f"{len(planned) - len(records)} runs are in line: ercbench jobs {_folder(planned)}")
    elif wrong or len(records) < len(planned):
        missing = len(others) - states[State.FAILED]
        raise ErcbenchError(
            f"{len(records)} finished, {states[State.FAILED] + wrong} failed, {missing} not run. "
            "The same command runs what is left."
        )
    scores = {own.run.path: record.score for own, record in records}
    return [scores.get(own.run.path) for own in planned]


def _folder(planned: Sequence[PlannedJob]) -> Path:
    return planned[0].run.path.parent
