"""What carries out a job, wherever an engine starts it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from ercbench.launching.job import Job

# Names the folder of the job for the command that carries it out.
VARIABLE = "ERCBENCH_JOB"
# Of a job with several processes, which a run is not.
OF_SEVERAL = ("SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID", "RANK", "LOCAL_RANK", "WORLD_SIZE")
PR_SET_PDEATHSIG = 1
# After the interpreter: without the working folder among the places of modules.
COMMAND = ("-P", "-m", "ercbench.cli")


class Process(Protocol):
    """What carries out a job's command."""

    pid: int

    def wait(self) -> int:
        """Returns the exit code when it has ended; a negative one is a signal's."""

    def terminate(self) -> None:
        """Tells it to end."""


Begin = Callable[[Job, Mapping[str, str]], Process]
"""Begins a job's process, given variables of its environment beside those of this process."""


def begin_anew(job: Job, variables: Mapping[str, str]) -> Process:
    """Begins a new Python for a job. All that it prints goes to the log; it ends with this one."""
    with job.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *COMMAND, *job.asked.arguments],
            cwd=job.asked.place,
            env=environment_of(job, variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(),
        )


def carry_out(
    job: Job,
    variables: Mapping[str, str] | None = None,
    started: Callable[[Process], None] = lambda process: None,
    begin: Begin = begin_anew,
) -> None:
    """Runs a job's command unless it has finished or another process is at it.

    Args:
        job: The job.
        variables: Of the environment, beside those of this process.
        started: Called with the process.
        begin: Begins the process.
    """
    with job.locked() as mine:
        if not mine or job.finished:
            return
        job.begin(process=os.getpid())
        process = begin(job, variables or {})
        started(process)
        job.end(process.wait())


def carry_out_at(path: str) -> None:
    """Runs the job of a folder, on another machine for instance."""
    carry_out(Job(Path(path)))


def environment_of(job: Job, variables: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment of a job's process, made of this one's and of further variables."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_SEVERAL}
    return kept | {VARIABLE: str(job.path.absolute()), "PYTHONUNBUFFERED": "1"} | dict(variables)


def die_with_parent() -> Callable[[], None] | None:
    """Returns what lets a child be told to stop when its parent dies, where the system can."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
