"""Processes that need not import anything: forked from one that has, and runs nothing itself.

Python's own fork server would skip what is to be done when a process exits, as wandb needs it, and
would keep the environment of its first start for all later ones.
"""

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NoReturn

from ercbench.launching.job import Job
from ercbench.launching.working import Begin, begin_anew, die_with_parent, environment_of

# Bytes of a request, which is a path and some variables.
MOST = 1 << 16
# Keeps pyarrow from a thread of its own, which a fork would not copy.
ONE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


@contextmanager
def warm_starts() -> Iterator[Begin]:
    """Yields what begins a job's process: by a fork where the system can watch it, as Linux can.

    Elsewhere it begins anew, and where the process that is forked is gone, or refuses.
    """
    if not hasattr(os, "pidfd_open"):
        yield begin_anew
        return
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        forked = _start(theirs)
    with forked, line:
        try:
            yield lambda job, variables: _ask(line, job, variables) or begin_anew(job, variables)
        except BaseException:
            forked.terminate()  # which would wait for those under way, or import to its end
            raise


class Forked:
    """A job's process, as told by the one that watches it.

    Args:
        line: To the one that watches, which ends the process when nobody listens any more.
        pid: Of the process.
    """

    def __init__(self, line: socket.socket, pid: int) -> None:
        self.line, self.pid = line, pid

    def wait(self) -> int:
        """Returns the exit code; a negative one is a signal's."""
        with self.line:
            code = self.line.recv(MOST)
        # Where its watcher was killed, the system tells the process to end.
        return int(code) if code else -signal.SIGTERM

    def terminate(self) -> None:
        """Tells the process to end."""
        with suppress(OSError):
            self.line.shutdown(socket.SHUT_WR)


def _start(line: socket.socket) -> subprocess.Popen:
    """Starts the process that is forked, at the other end of a line."""
    nothing: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    command = [sys.executable, "-P", "-m", __name__, str(line.fileno())]
    return subprocess.Popen(
        command, env=os.environ | ONE_THREAD, pass_fds=[line.fileno()], **nothing
    )


def _ask(line: socket.socket, job: Job, variables: Mapping[str, str]) -> Forked | None:
    """Returns the process of a job, or None if nobody forks one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = json.dumps([str(job.path.absolute()), dict(variables)]).encode()
    with theirs, suppress(OSError):
        socket.send_fds(line, [request], [theirs.fileno()])
    pid = ours.recv(MOST)
    return Forked(ours, int(pid)) if pid else None


def _serve(line: socket.socket) -> None:
    """Forks a process for each request, until whoever asks is gone."""
    os.close(os.pidfd_open(os.getpid()))  # which an old Linux cannot
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not line.recv(1, socket.MSG_PEEK):
        return
    _import_all()
    gc.freeze()  # so that no collection touches, and thereby copies, what the forks share
    while _can_fork():
        request, files, *_ = socket.recv_fds(line, MOST, 1)
        _reap(os.WNOHANG)
        if not request:
            break
        if not os.fork():
            line.close()
            _run_watched(socket.socket(fileno=files[0]), handler, *json.loads(request))
            return
        os.close(files[0])
    _reap(0)


def _reap(options: int) -> None:
    """Waits for children that have ended, or for all, so that their time counts as this one's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


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


def _run_watched(
    line: socket.socket, handler: Any, path: str, variables: Mapping[str, str]
) -> None:
    """Carries out a job in a process that this one watches."""
    if process := os.fork():
        _watch(line, process)
    line.close()
    signal.signal(signal.SIGINT, handler)
    if die := die_with_parent():
        die()
    _become(Job(Path(path)), variables)


def _become(job: Job, variables: Mapping[str, str]) -> None:
    """Does what a new process with the job's command would do."""
    with job.log.open("ab") as log:
        for number, stream in enumerate((sys.stdout, sys.stderr), start=1):
            os.dup2(log.fileno(), number)
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    given = environment_of(job, variables)
    os.environ.clear()
    os.environ.update(given)
    os.chdir(job.asked.place)
    sys.argv = ["ercbench", *job.asked.arguments]
    resolve_name("ercbench.cli:main")()


def _watch(line: socket.socket, process: int) -> NoReturn:
    """Waits for a process, which it ends if nobody listens any more; tells its number and code."""
    with suppress(OSError):
        line.send(str(process).encode())
    ready: list[Any] = [line, os.pidfd_open(process)]
    if line in select.select(ready, [], [])[0]:
        os.kill(process, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(OSError):
        line.send(str(code).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
