"""The processes that torchrun started for one run, and how a process ends when it is told to."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Terminated(BaseException):
    """The process was told to end (SIGTERM)."""


@contextmanager
def ending_when_told() -> Iterator[None]:
    """Raises `Terminated` at a SIGTERM, then ends the process as one that nobody listens to.

    Lightning listens too, but in training and validation alone, and with exit code 0. Of a
    run's several processes each would wait for the others: there the signal ends it at once.
    """
    if how_many() > 1 or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(*_: Any) -> None:
    raise Terminated


def how_many() -> int:
    """Returns the number of processes that share this run; 1 without torchrun."""
    return int(os.environ["WORLD_SIZE"]) if _under_torchrun() else 1


def how_many_here() -> int:
    """Returns how many of them are on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if how_many() > 1 else 1


def which() -> int:
    """Returns this process's number among them, from 0."""
    return int(os.environ["RANK"]) if how_many() > 1 else 0


def is_first() -> bool:
    """Whether this process is the one that writes and prints for all."""
    return which() == 0


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ
