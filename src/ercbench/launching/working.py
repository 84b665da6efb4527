"""What carries out a job, wherever an engine starts it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ercbench.launching.job import Job

# Names the folder of the job for the command that carries it out.
VARIABLE = "ERCBENCH_JOB"
# Of a job with several processes, which a run is not.
OF_SEVERAL = ("SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID", "RANK", "LOCAL_RANK", "WORLD_SIZE")
PR_SET_PDEATHSIG = 1
# After the interpreter: without the working folder among the places of modules.
COMMAND = ("-P", "-m", "ercbench.cli")


def carry_out(
    job: Job,
    variables: Mapping[str, str] | None = None,
    started: Callable[[subprocess.Popen], None] = lambda process: None,
) -> None:
    """Runs a job's command unless it has finished or another process is at it.

    All that it prints goes to its log. Its process ends with this one.

    Args:
        job: The job.
        variables: Of the environment, beside those of this process.
        started: Called with the process.
    """
    asked = job.asked
    with job.locked() as mine:
        if not mine or job.finished:
            return
        job.begin(process=os.getpid())
        with job.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *COMMAND, *asked.arguments],
                cwd=asked.place,
                env=_environment(job, variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent(),
            )
            started(process)
            code = process.wait()
        job.end(code)


def carry_out_at(path: str) -> None:
    """Runs the job of a folder, on another machine for instance."""
    carry_out(Job(Path(path)))


def _environment(job: Job, variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OF_SEVERAL}
    return kept | {VARIABLE: str(job.path.absolute()), "PYTHONUNBUFFERED": "1"} | dict(variables)


def _die_with_parent() -> Callable[[], None] | None:
    """Returns what lets a child be told to stop when its parent dies, where the system can."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
