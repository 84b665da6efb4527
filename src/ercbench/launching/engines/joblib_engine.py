"""Jobs side by side on one machine."""

import os
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from joblib import Parallel, delayed

from ercbench.config.launching import JoblibSettings
from ercbench.launching.engines.engine import stopping
from ercbench.launching.job import Job
from ercbench.launching.warm import warm_starts
from ercbench.launching.working import Begin, Process, carry_out
from ercbench.threads import threads_each


class JoblibEngine:
    """Threads of joblib that each wait for a process, so that a crash costs one job.

    Args:
        settings: How many at a time.
    """

    def __init__(self, settings: JoblibSettings) -> None:
        self.jobs = settings.jobs
        self.gpus: SimpleQueue[int] | None = None
        if settings.gpus:
            self.gpus, self.jobs = SimpleQueue(), min(self.jobs, len(settings.gpus))
            for gpu in settings.gpus:
                self.gpus.put(gpu)
        self.processes: list[Process] = []
        self.stopped = False

    def run(self, jobs: Sequence[Job], ended: Callable[[Job], None]) -> bool:
        """Runs all jobs; an interruption ends those that run, and no other begins."""
        most = min(self.jobs, len(jobs))
        each = threads_each(max(1, (os.cpu_count() or 1) // most))
        with stopping(self._stop), each, warm_starts(most) as begin:
            parallel = Parallel(most, backend="threading", return_as="generator_unordered")
            for job in parallel(delayed(self._carry_out)(job, begin) for job in jobs):
                ended(job)
        return True

    def _carry_out(self, job: Job, begin: Begin) -> Job:
        if not self.stopped:
            gpu = self.gpus.get() if self.gpus else None
            given = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": str(gpu)}
            try:
                carry_out(job, given, self._started, begin)
            finally:
                if self.gpus and gpu is not None:
                    self.gpus.put(gpu)
        return job

    def _started(self, process: Process) -> None:
        self.processes.append(process)
        if self.stopped:
            process.terminate()

    def _stop(self) -> None:
        self.stopped = True
        for process in self.processes:
            process.terminate()
