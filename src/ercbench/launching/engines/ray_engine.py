"""Tasks of a Ray cluster."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

from ercbench.config.launching import RaySettings
from ercbench.console import one_line
from ercbench.errors import ErcbenchError
from ercbench.extras import require
from ercbench.launching.engines.engine import stopping
from ercbench.launching.job import Job, State
from ercbench.launching.working import carry_out_at


class RayEngine:
    """Gives a Ray cluster a task for each job.

    Args:
        settings: Where the cluster is, and what a task gets.

    Raises:
        ErcbenchError: Ray is not installed.
    """

    def __init__(self, settings: RaySettings) -> None:
        require("ray", "ray", "launcher=ray")
        self.settings = settings

    def run(self, jobs: Sequence[Job], ended: Callable[[Job], None]) -> bool:
        """Runs all jobs; an interruption cancels them, as does the end of this process.

        Raises:
            ErcbenchError: There is no cluster, or none of its machines has what a job needs.
        """
        import ray

        self._connect(ray)
        try:
            self._check_room(ray)
            waiting = self._start(ray, jobs)
            with stopping(lambda: _cancel(ray, waiting)):
                while waiting:
                    done, _ = ray.wait(list(waiting))
                    job = waiting.pop(done[0])
                    _note(ray, job, done[0])
                    ended(job)
        finally:
            ray.shutdown()
        return True

    def _start(self, ray: Any, jobs: Sequence[Job]) -> dict[Any, Job]:
        """Returns what each job's task will answer, and the job."""
        own = self.settings
        task = ray.remote(
            num_cpus=own.cpus,
            num_gpus=own.gpus,
            max_retries=own.retries,
            runtime_env={"env_vars": {"OMP_NUM_THREADS": str(own.cpus)}},
        )(carry_out_at)
        return {task.remote(str(job.path.absolute())): job for job in jobs}

    def _connect(self, ray: Any) -> None:
        address = self.settings.address or "local"
        options = {"include_dashboard": False} if address == "local" else {}
        try:
            _check_reachable(address)
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", **options)
        except (OSError, ValueError, RuntimeError) as error:
            raise ErcbenchError(
                f"launcher.address={self.settings.address}: no Ray cluster there "
                f"({one_line(str(error)):.200}). Start one (ray start --head), or set "
                "launcher.address=null for one on this machine."
            ) from None

    def _check_room(self, ray: Any) -> None:
        """Checks that some machine has what a job needs; Ray itself would wait forever.

        Raises:
            ErcbenchError: None has.
        """
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for setting, resource in (("cpus", "CPU"), ("gpus", "GPU")):
            wanted = getattr(self.settings, setting)
            most = max((own.get(resource, 0) for own in machines), default=0)
            if wanted > most:
                raise ErcbenchError(
                    f"launcher.{setting}={wanted:g}: machines of this Ray have at most {most:g}. "
                    f"Lower launcher.{setting}."
                )


def _check_reachable(address: str) -> None:
    """Tries whether anything listens at an address, for which Ray itself waits for minutes.

    Raises:
        OSError: Nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def _note(ray: Any, job: Job, answer: Any) -> None:
    """Writes down what Ray says of a task that did not come to its end."""
    try:
        ray.get(answer)
    except ray.exceptions.RayError as error:
        if job.state is not State.FINISHED:
            kind = type(getattr(error, "cause", None) or error).__name__
            job.queue(launcher="ray", state=kind)


def _cancel(ray: Any, waiting: dict[Any, Job]) -> None:
    for answer in waiting:
        ray.cancel(answer, force=True)
