"""Runs of `-m` by an engine: planned, started, waited for, and summed up."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ercbench.config.checking import checked
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
from ercbench.launching.work import Work, of_encoder, of_run
from ercbench.training.train import plan

Overrides = Sequence[str]


@dataclass(frozen=True)
class PlannedJob:
    """A run that can be started.

    Attributes:
        overrides: That tell it from the others.
        job: Its job.
        asked: What the job is asked.
        work: The run.
        todo: Whether it is still to be done, or to be done again.
    """

    overrides: list[str]
    job: Job
    asked: Asked
    work: Work
    todo: bool

    @property
    def finished(self) -> bool:
        """Whether it has done all that is asked, now."""
        return self.work.goal.is_file()

    def ask(self) -> None:
        """Writes down what is asked, unless the job is in line from before.

        Raises:
            ErcbenchError: The folder cannot be written.
        """
        if self.job.is_alive:
            return
        for run in self.work.anew:
            run.forget()
        if self.work.goal != self.work.run.result:  # of other folds
            self.work.goal.unlink(missing_ok=True)
        self.job.ask(self.asked)


def launch(command: str, runs: Sequence[tuple[Overrides, DictConfig]]) -> list[float | None]:
    """Lets an engine carry out runs; those that have finished are not run again.

    Args:
        command: A name in `LAUNCHED`.
        runs: The overrides of each, and the settings that they lead to, those of the engine among
            them.

    Returns:
        The score on validation of each; None of one that waits in line, and of an encoder.

    Raises:
        ErcbenchError: One could not be planned, or did not finish.
    """
    common = set.intersection(*(set(own) for own, _ in runs))
    planned, wrong = [], 0
    for overrides, config in runs:
        told = [own for own in overrides if own not in common]
        try:
            planned.append(planned_job(command, overrides, told, config))
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            wrong += 1
            say(f"ercbench: {', '.join(told)}: {message}")
    return _sum_up(planned, wrong, start(planned, runs[0][1].launcher))


def planned_job(
    command: str, overrides: Overrides, told: list[str], config: DictConfig
) -> PlannedJob:
    """Returns the job of a run.

    Args:
        command: A name in `LAUNCHED`.
        overrides: What stands after the command.
        told: Those that tell it from the others.
        config: The settings that they lead to.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    work = LAUNCHED[command](checked(config))
    own = [word for word in overrides if not word.startswith(("launcher", "force="))]
    job, asked = job_of(work, [command, *given_options(), *own])
    return PlannedJob(told, job, asked, work, config.force or not work.finished)


def start(planned: Sequence[PlannedJob], launcher: Any) -> bool:
    """Lets an engine carry out those runs that are to be done.

    Returns:
        Whether all have ended; False if they are left to the engine.

    Raises:
        ErcbenchError: A folder cannot be written, or the engine refuses.
    """
    runs = {own.job.path: own for own in planned}.values()
    todo = [own for own in runs if own.todo]
    if len(todo) < len(runs):
        say(f"{len(runs) - len(todo)} of {len(runs)} runs had finished, not run again")
    refresh_slurm([own.job for own in todo])
    for own in todo:
        own.ask()
    return not todo or run_jobs([own.job for own in todo], launcher)


def run_jobs(jobs: Sequence[Job], launcher: Any) -> bool:
    """Lets an engine carry out jobs; says how each ends.

    Returns:
        Whether all have ended; False if they are left to the engine.
    """
    settings: Any = OmegaConf.to_object(launcher)
    engine: Engine = get_class(settings._target_)(settings)
    return engine.run(jobs, _teller(len(jobs)))


def _encoder(config: DictConfig) -> Work:
    from ercbench.training.finetune import plan  # which takes a while, with transformers

    return of_encoder(plan(config))


LAUNCHED: dict[str, Callable[[DictConfig], Work]] = {
    "train": lambda config: of_run(plan(config)),
    "finetune": _encoder,
}
"""Command whose runs an engine can start to what plans one."""


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
    records = [(own, own.work.record) for own in planned if own.finished]
    others = [standing(own.work.run.path) for own in planned if not own.finished]
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
    scores = {own.job.path: getattr(record, "score", None) for own, record in records}
    return [scores.get(own.job.path) for own in planned]


def _folder(planned: Sequence[PlannedJob]) -> Path:
    return planned[0].work.run.path.parent
