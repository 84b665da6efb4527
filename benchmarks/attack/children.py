"""Commands in forked children of one process, which has imported everything they need."""

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from attack.outcomes import Finding, Outcome

SECONDS = 120  # after which a command is stuck


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        code: Its exit code; negative is the signal that ended it.
        said: What it printed on standard output and standard error.
        seconds: How long it took.
        stuck: Whether it was ended because it took too long.
    """

    code: int
    said: str
    seconds: float
    stuck: bool = False

    def finding(self, told: str, refusals: bool = True) -> Finding:
        """Returns how this counts, whatever it wrote; some commands refuse nothing."""
        seen = f"{told}\n{self.said[-2000:]}"
        if self.stuck:
            return Finding(Outcome.STUCK, seen)
        if self.code < 0:
            return Finding(Outcome.CRASH, f"signal {-self.code}: {seen}")
        if "Traceback (most recent call last)" in self.said or self.code not in (0, 1, 2, 3):
            return Finding(Outcome.TRACEBACK, seen)
        if self.code != 2:
            return Finding(Outcome.CLEAN, told)
        if refusals and self._in_a_line():
            return Finding(Outcome.REFUSED, told)
        return Finding(Outcome.TRACEBACK, f"exit code 2: {seen}")

    def _in_a_line(self) -> bool:
        lines = [line for line in self.said.splitlines() if not line.startswith("warning: ")]
        return bool(lines) and lines[-1].startswith("ercbench")


def import_everything() -> None:
    """Imports what any command may need, so that no child has to."""
    import torch

    import ercbench

    torch.set_num_threads(1)
    for module in walk_packages(ercbench.__path__, "ercbench."):
        import_module(module.name)


def command(*arguments: str) -> Callable[[], None]:
    """Returns what calls `ercbench …`."""

    def call() -> None:
        from ercbench.cli import main

        sys.argv = ["ercbench", *arguments]
        main()

    return call


def run(
    folder: Path,
    work: Callable[[], object],
    *,
    kill_after: float | None = None,
    temporary: Path | None = None,
    during: AbstractContextManager[object] | None = None,
) -> Ended:
    """Runs something in a forked child, in a folder.

    Args:
        folder: Where it works.
        work: What it does.
        kill_after: Seconds after which it is killed.
        temporary: Its TMPDIR; by default the machine's.
        during: A context that it works in.
    """
    output = folder.parent / f".{folder.name}.said"
    output.touch()
    begun = time.monotonic()
    if (child := os.fork()) == 0:
        _be_child(folder, output, work, temporary, during or nullcontext())
    code, stuck = _wait(child, begun, kill_after)
    said = output.read_text(errors="replace")
    output.unlink()
    return Ended(code, said, time.monotonic() - begun, stuck)


def _be_child(
    folder: Path,
    output: Path,
    work: Callable[[], object],
    temporary: Path | None,
    during: AbstractContextManager[object],
) -> None:
    code = 70
    try:
        os.setsid()
        stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.chdir(folder)
        os.environ["COLUMNS"] = "200"
        if temporary is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        with during:
            work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int, begun: float, kill_after: float | None) -> tuple[int, bool]:
    """Waits for a child, or kills it and all that it started; returns its code."""
    end = begun + (SECONDS if kill_after is None else kill_after)
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), kill_after is None
