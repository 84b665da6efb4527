"""What every engine does with jobs."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ercbench.launching.job import Job


class Engine(Protocol):
    """Starts jobs and waits for them."""

    def __init__(self, settings: Any) -> None: ...

    def run(self, jobs: Sequence[Job], ended: Callable[[Job], None]) -> bool:
        """Starts jobs, but for those that are still in line from before, and waits for all.

        Args:
            jobs: None of which has finished.
            ended: Called with each job that has ended, one way or another.

        Returns:
            Whether they have ended; False if they are left to the engine.

        Raises:
            ErcbenchError: The engine refuses.
        """


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` when the process is interrupted or told to end, then interrupts it."""

    def interrupt(*_: Any) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        stop()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
