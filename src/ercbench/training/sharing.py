"""How the processes that torchrun started work on one run: joined, in step, one of them writing."""

import atexit
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import DictConfig

from ercbench.errors import ErcbenchError
from ercbench.processes import how_many, how_many_here, is_first

# Counts, in torchrun's own store, the processes that came to an error.
FAILURES = "ercbench/failures"


class SharedBatches(DDPStrategy):
    """Processes that all read every batch and compute a share of it; see `models.base.sharing`.

    Lightning's own wrapper is left out: it averages the gradients of losses that each process
    computed of batches of its own.
    """

    shares_batches = True

    def configure_ddp(self) -> None:
        """Leaves the model as it is."""

    def on_train_start(self) -> None:
        """Lets SIGTERM end a process at once: one that waited for the others would not."""
        super().on_train_start()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def join(config: DictConfig) -> None:
    """Joins the processes of the run, if there are several; more than once is as once.

    Args:
        config: Whose `trainer` says on what the run is trained.

    Raises:
        ErcbenchError: There are more processes than devices.
    """
    if how_many() == 1 or dist.is_initialized():
        return
    backend, devices = "gloo", torch.cuda.device_count()
    if devices and config.trainer.accelerator != "cpu":
        backend = "cpu:gloo,cuda:nccl"
        if how_many_here() > devices:
            raise ErcbenchError(
                f"--nproc-per-node {how_many_here()}: this machine has {devices} devices; expected "
                f"one for each process. Set it to {devices}, or trainer.accelerator=cpu."
            )
    dist.init_process_group(backend)
    atexit.register(_part)


def placement() -> dict[str, Any]:
    """Returns what a trainer must be told of the processes."""
    if how_many() == 1:
        return {"devices": 1}
    here = how_many_here()
    return {
        "devices": here,
        "num_nodes": how_many() // here,
        "strategy": SharedBatches(),
        "use_distributed_sampler": False,
    }


def agreed(value: Any) -> Any:
    """Returns the first process's value to all of them; none goes on before all have come here."""
    if how_many() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, src=0, device=torch.device("cpu"))
    wait_for_all()
    return values[0]


def wait_for_all() -> None:
    """Waits until every process has come here."""
    if how_many() > 1:
        dist.all_reduce(torch.zeros(1))


@contextmanager
def first_before_others() -> Iterator[None]:
    """Lets the first process do something, and then the others, who find what it has made."""
    if not is_first():
        wait_for_all()
    yield
    if is_first():
        wait_for_all()


def is_first_to_fail() -> bool:
    """Whether no other process of the run came to an error before; each may ask once."""
    if how_many() == 1:
        return True
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    try:
        store = dist.TCPStore(  # type: ignore[attr-defined]
            address, port, wait_for_workers=False, timeout=timedelta(seconds=10)
        )
        return store.add(FAILURES, 1) == 1
    except Exception:  # torchrun itself is gone
        return True


def told_of_lost(error: BaseException) -> str | None:
    """Returns a line for an error that says that another process is gone; None for any other."""
    said = f"{type(error).__name__} {error}".lower()
    signs = ("gloo", "nccl", "distbackend")
    if how_many() == 1 or not isinstance(error, RuntimeError) or not any(s in said for s in signs):
        return None
    return (
        "Another process of this run is gone, killed for its memory perhaps. Start torchrun again; "
        "the run goes on from its last epoch."
    )


def _part() -> None:
    with suppress(Exception):
        dist.destroy_process_group()
