"""How the jobs of a Slurm queue stand."""

import shutil
import subprocess
from collections.abc import Sequence

from ercbench.launching.job import ALIVE, GONE, Job

# A state that says no more than that the process ended, of which the job's folder knows more.
ENDED = ("COMPLETED", "FAILED")
# Seconds for which a queue that does not answer is waited for.
PATIENCE = 60


def refresh_slurm(jobs: Sequence[Job]) -> None:
    """Writes into the folders of jobs how the queue says that they stand; asks nothing else."""
    queued = {str(job.queued["id"]): job for job in jobs if job.queued.get("launcher") == "slurm"}
    if not queued or shutil.which("squeue") is None:
        return
    found = _states(list(queued))
    if found is None:
        return
    for name, job in queued.items():
        state, reason = found.get(name, (GONE, ""))
        said = job.queued
        if state == GONE and said.get("state") not in (None, *ALIVE):
            continue  # the queue has forgotten what it said when the job ended
        new = said | {"state": GONE if state in ENDED else state, "reason": reason}
        if new != said:
            job.queue(**new)


def _states(ids: Sequence[str]) -> dict[str, tuple[str, str]] | None:
    """Returns the state and the reason of each job that the queue knows; None without answer."""
    arrays = ",".join(sorted({name.partition("_")[0] for name in ids}))
    command = ["squeue", "-h", "-r", "-t", "all", "-j", arrays, "-o", "%i|%T|%r"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None  # the controller is away for a moment
    lines = [line.split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2]
    known = {name: (state, reason) for name, state, reason in lines}
    return known | _accounted([name for name in ids if name not in known])


def _accounted(ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Returns what the accounts say of jobs that the queue has forgotten, if there are accounts."""
    if not ids or shutil.which("sacct") is None:
        return {}
    command = ["sacct", "-n", "-X", "-P", "-j", ",".join(ids), "-o", "JobID,State"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
    return {name: (state.split()[0], "") for name, state in lines if state}
