"""Command lines that belong together, carried out by an engine: a study's, or an extraction's."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from ercbench.config.sweep import given_options
from ercbench.console import say
from ercbench.errors import ErcbenchError
from ercbench.launching.engines.queue import refresh_slurm
from ercbench.launching.job import Asked, Job, State
from ercbench.launching.sweep import run_jobs


def own_words(*others: str) -> list[str]:
    """Returns what the running command is told, without the launcher.

    Args:
        others: Further settings that are left out.
    """
    left_out = ("launcher", "shards", *others)
    words = HydraConfig.get().overrides.task
    names = [word.split("=")[0].lstrip("+").split(".")[0] for word in words]
    kept = [word for word, name in zip(words, names, strict=True) if name not in left_out]
    return [*given_options(), *kept]


def carry_out_all(
    lines: Mapping[str, Sequence[str]],
    folder: Path,
    launcher: Any,
    done: Callable[[], bool] | None = None,
) -> None:
    """Carries out command lines by an engine.

    Args:
        lines: Name of each job to what stands after `ercbench`.
        folder: Where the jobs' folders are.
        launcher: The engine's settings.
        done: Whether the work is done, although a job may have failed; by default if none has.

    Raises:
        ErcbenchError: The work is not done when all have ended, or they wait in line.
    """
    jobs = [Job(folder / name) for name in lines]
    refresh_slurm([job for job in jobs if job.path.is_dir()])
    for job, words in zip(jobs, lines.values(), strict=True):
        if not job.is_alive:
            job.ask(Asked(tuple(words), str(Path.cwd())))
    if not run_jobs(jobs, launcher):
        say(f"{len(jobs)} jobs are in line; the same command goes on from what they have done")
        raise SystemExit(0)
    failed = [job for job in jobs if job.state is not State.FINISHED]
    if failed and not (done and done()):
        raise ErcbenchError(
            f"{len(failed)} of {len(jobs)} jobs did not finish; {failed[0].name}: {failed[0].why}. "
            f"Their logs are in {folder}; the same command goes on."
        )
