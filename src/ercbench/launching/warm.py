"""Processes that need not import anything: forked from one that has, and runs nothing itself.

Python's own fork server would skip what is to be done when a process exits, as wandb needs it, and
would keep the environment of its first start for all later ones.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from pkgutil import resolve_name
from queue import Empty, SimpleQueue

from ercbench.launching.job import Job
from ercbench.launching.working import Begin, begin_anew, die_with_parent, environment_of

# Keeps pyarrow from a thread of its own, which a fork would not copy.
ONE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


@contextmanager
def warm_starts(at_once: int) -> Iterator[Begin]:
    """Yields what begins a job's process: by a fork on Linux, else and where that fails anew.

    Args:
        at_once: Jobs at a time. Each has a process of its own to be forked, which ends with this
            one, and its fork with it.
    """
    if sys.platform != "linux":
        yield begin_anew
        return
    with ExitStack() as stack:
        idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        for _ in range(at_once):
            idle.put(stack.enter_context(_start()))
        yield lambda job, variables: _ask(idle, job, variables) or begin_anew(job, variables)


class Forked:
    """A job's process, as told by the one that was forked.

    Args:
        forker: The one that was forked, which tells the exit code.
        pid: Of the process.
        idle: Where the one that was forked waits for the next job.
    """

    def __init__(
        self, forker: subprocess.Popen[str], pid: int, idle: "SimpleQueue[subprocess.Popen[str]]"
    ) -> None:
        self.forker, self.pid, self.idle = forker, pid, idle
        self.ended = False

    def wait(self) -> int:
        """Returns the exit code; a negative one is a signal's."""
        told, self.ended = _told(self.forker), True
        if not told:  # the one that was forked is gone, and the system told this one to end
            return -signal.SIGTERM
        self.idle.put(self.forker)
        return int(told)

    def terminate(self) -> None:
        """Tells the process to end."""
        if not self.ended:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


def _start() -> subprocess.Popen[str]:
    """Starts a process to be forked: it reads jobs, and tells of each its process and exit code."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        env=os.environ | ONE_THREAD,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=die_with_parent(),
    )


def _ask(
    idle: "SimpleQueue[subprocess.Popen[str]]", job: Job, variables: Mapping[str, str]
) -> Forked | None:
    """Returns the process of a job, or None if nothing can be forked."""
    with suppress(Empty, OSError, ValueError):
        forker = idle.get_nowait()
        assert forker.stdin
        print(json.dumps([str(job.path.absolute()), dict(variables)]), file=forker.stdin)
        forker.stdin.flush()
        return Forked(forker, int(_told(forker)), idle)
    return None


def _told(forker: subprocess.Popen[str]) -> str:
    """Returns the next line that a process tells; nothing if it is gone."""
    assert forker.stdout
    return forker.stdout.readline()


def _serve() -> None:
    """Forks a process for each job that is asked for, one after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; see `stopping`
    _import_all()
    gc.freeze()  # so that no collection touches, and thereby copies, what the forks share
    for line in sys.stdin:
        if not _can_fork():
            return
        if not (process := os.fork()):
            _become(*json.loads(line))
            return
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _import_all() -> None:
    """Imports what a run imports, and reads what all runs read: settings, and code for its hash."""
    from ercbench.config.compose import compose
    from ercbench.training.train import code_of

    resolve_name("ercbench.commands.train:train_command")
    code_of(compose("train"))


def _can_fork() -> bool:
    """Whether a fork is as good as a new process."""
    import torch

    return threading.active_count() == 1 and not torch.cuda.is_initialized()


def _become(path: str, variables: Mapping[str, str]) -> None:
    """Does what a new process with a job's command would do."""
    if die := die_with_parent():
        die()
    job = Job(Path(path))
    with job.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
        for number, stream in enumerate((nothing, log, log)):
            os.dup2(stream.fileno(), number)
    for own in (sys.stdout, sys.stderr):
        own.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    given = environment_of(job, variables)
    os.environ.clear()
    os.environ.update(given)
    os.chdir(job.asked.place)
    sys.argv = ["ercbench", *job.asked.arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resolve_name("ercbench.cli:main")()


if __name__ == "__main__":
    _serve()
