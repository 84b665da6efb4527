"""Jobs of a Slurm queue, submitted by submitit as arrays."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from ercbench.config.launching import SlurmSettings
from ercbench.errors import ErcbenchError
from ercbench.extras import require
from ercbench.launching.engines.engine import stopping
from ercbench.launching.engines.queue import refresh_slurm
from ercbench.launching.job import ALIVE, Job, State
from ercbench.launching.working import Process, carry_out

# Seconds between looks at the queue.
WAIT = 5.0
# Jobs of one array; Slurm's usual MaxArraySize is 1001.
MOST = 1000


class SlurmJob:
    """What a job of the queue does; submitit sends it to the node and calls it there.

    Before its time runs out, or when it gives way to others, it stops the run, which has kept its
    last epoch, and stands in line again.

    Args:
        path: The job's folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self) -> None:
        """Runs the job's command."""
        self.processes: list[Process] = []
        carry_out(Job(Path(self.path)), started=self.processes.append)

    def checkpoint(self) -> Any:
        """Stops the run and returns what stands in line again."""
        from submitit.helpers import DelayedSubmission

        for process in self.processes:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(process.pid, signal.SIGTERM)
                # Interrupts `process.wait()`, which cannot be called twice.
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(SlurmJob(self.path))


class SlurmEngine:
    """Submits jobs and watches the queue.

    Args:
        settings: What sbatch is told.

    Raises:
        ErcbenchError: submitit is not installed, or this machine has no Slurm.
    """

    def __init__(self, settings: SlurmSettings) -> None:
        require("submitit", "slurm", "launcher=slurm")
        if shutil.which("sbatch") is None:
            raise ErcbenchError(
                "launcher=slurm: found no sbatch here. Start from a machine of the cluster, or "
                "take launcher=joblib."
            )
        self.settings = settings

    def run(self, jobs: Sequence[Job], ended: Callable[[Job], None]) -> bool:
        """Submits those jobs that are not in line yet; waits for all, if told to."""
        new = [job for job in jobs if not job.is_alive]
        for first in range(0, len(new), MOST):
            self._submit(new[first : first + MOST])
        if not self.settings.wait:
            return False
        with stopping(lambda: self._interrupted(jobs)):
            _wait(jobs, ended)
        return True

    def _submit(self, jobs: Sequence[Job]) -> None:
        """Submits jobs as one array.

        Raises:
            ErcbenchError: Slurm refuses.
        """
        import submitit

        executor = submitit.SlurmExecutor(
            self._folder(jobs), max_num_timeout=self.settings.timeouts
        )
        executor.update_parameters(**self._parameters())
        works = [SlurmJob(str(job.path.absolute())) for job in jobs]
        with TemporaryFile("w+") as said:
            try:
                with _errors_into(said), executor.batch():
                    submitted = [executor.submit(work) for work in works]
            except (submitit.core.utils.FailedJobError, OSError) as error:
                said.seek(0)
                raise ErcbenchError(_refusal(said.read() or str(error))) from None
        for job, own in zip(jobs, submitted, strict=True):
            job.queue(launcher="slurm", id=own.job_id, log=str(own.paths.stderr))

    def _folder(self, jobs: Sequence[Job]) -> Path:
        """Returns where submitit leaves its own files: beside the runs."""
        return jobs[0].path.parent.parent / ".slurm"

    def _parameters(self) -> dict[str, Any]:
        """Returns what submitit is told, in sbatch's words."""
        own = self.settings
        given = {
            "partition": own.partition,
            "gpus_per_node": own.gpus or None,
            "cpus_per_task": own.cpus,
            "mem": f"{round(1024 * own.memory)}M" if own.memory else None,
            "setup": [*own.setup, f"export OMP_NUM_THREADS={own.cpus}"],
            "additional_parameters": {"requeue": True, **own.more},
        }
        return {
            "time": own.minutes,
            "job_name": own.name,
            "array_parallelism": own.at_once,
            **{name: value for name, value in given.items() if value is not None},
        }

    def _interrupted(self, jobs: Sequence[Job]) -> None:
        if self.settings.interrupted == "cancel":
            cancel(jobs)


def cancel(jobs: Sequence[Job]) -> None:
    """Takes jobs out of the queue, those that run included."""
    ids = [str(job.queued["id"]) for job in jobs if job.queued and not job.finished]
    if ids:
        subprocess.run(["scancel", *ids], check=False, capture_output=True)


def _wait(jobs: Sequence[Job], ended: Callable[[Job], None]) -> None:
    """Waits until the queue holds none of the jobs any more."""
    left = list(jobs)
    while left:
        refresh_slurm(left)
        over = [job for job in left if _is_over(job)]
        for job in over:
            ended(job)
        left = [job for job in left if job not in over]
        if left:
            time.sleep(WAIT)


def _is_over(job: Job) -> bool:
    """Whether the queue has let go of a job; where it cannot be asked, the folder tells."""
    state = job.queued.get("state")
    return job.state is State.FINISHED or (state is not None and state not in ALIVE)


@contextmanager
def _errors_into(file: IO[str]) -> Iterator[None]:
    """Lets what programs print on standard error go to a file."""
    before = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def _refusal(said: str) -> str:
    """Returns why Slurm takes no job, in a line."""
    reason = " ".join(said.replace("sbatch: error: ", "").split())
    return (
        f"launcher=slurm: Slurm takes no job ({reason:.300}). Change launcher.partition, or what "
        "else of launcher it names; `sinfo` lists the partitions."
    )
