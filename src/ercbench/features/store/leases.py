"""Who is at work on which share of an extraction: a lock for each, which goes with its process."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ercbench.errors import ErcbenchError
from ercbench.features.store.parts import ExtractionParts
from ercbench.files import writing


@contextmanager
def alone(parts: ExtractionParts, which: int, of: int) -> Iterator[None]:
    """Keeps a second process from doing the same share at the same time.

    Args:
        parts: What the share is of.
        which: Share, from 0.
        of: How many shares there are.

    Raises:
        ErcbenchError: Another process is at it.
    """
    lock = FileLock(_path(parts, which, of))
    with writing(parts.folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ErcbenchError(
                f"{parts.plan.key}: another process is extracting these features into "
                f"{parts.folder.parent}. Wait until it ends, or end it; finished rows are kept."
            ) from None
    try:
        yield
    finally:
        lock.release()


def left_shares(parts: ExtractionParts, which: int, of: int) -> Iterator[int]:
    """Yields other shares that were begun and that no process is at, each while holding its lock.

    Args:
        parts: What the shares are of.
        which: The share of who asks, from 0.
        of: How many shares there are.
    """
    for other in range(of):
        path = _path(parts, other, of)
        if other != which and path.exists():
            with suppress(Timeout, OSError), FileLock(path, timeout=0):
                yield other


def _path(parts: ExtractionParts, which: int, of: int) -> Path:
    return parts.folder / f"{which + 1}-of-{of}.lock"
