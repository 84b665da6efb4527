"""In how many threads a process computes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def single_thread() -> Iterator[None]:
    """Computes in one thread: sums in another order would give other last bits."""
    import torch  # seconds that who only lists or merges need not wait

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def threads_each(threads: int) -> Iterator[None]:
    """Gives this process and those that it starts so many threads, unless the user said fewer."""
    import torch

    known, before = os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()
    fewest = min(threads, int(known)) if known and known.isdecimal() else threads
    os.environ["OMP_NUM_THREADS"] = str(fewest)
    torch.set_num_threads(fewest)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        del os.environ["OMP_NUM_THREADS"]
        if known is not None:
            os.environ["OMP_NUM_THREADS"] = known
