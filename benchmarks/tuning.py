"""What a study costs over its runs, and what a second process brings.

Tunes the GRU on the simulated corpus in one process and in two, over settings that leave the cost
of a trial as it is, since two processes try others than one. Its wall clock needs idle cores; the
processor time of one process says what is lost over the runs, whatever else the machine does.

Usage: OMP_NUM_THREADS=1 python benchmarks/tuning.py [TRIALS]
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import ercbench
from ercbench.records.run_record import RunRecord
from ercbench.training.train import carry_out

SETTINGS = [
    "pruner=none",
    "trainer.accelerator=cpu",
    "trainer.max_epochs=20",
    "selection.patience=20",
    "dataset.simulation.train=200",
    "tuning.common.width=[128]",
    "tuning.common.depth=[2]",
    "tuning.common.batch_size=[32]",
]


def study(trials: int, jobs: int) -> tuple[float, float]:
    """Returns the seconds of a study in a folder of its own, wall clock and processor time."""
    folder = tempfile.mkdtemp()
    here = [f"jobs={jobs}", f"runs={folder}/runs", *SETTINGS]
    began, used = time.perf_counter(), time.process_time()
    ercbench.tune(
        "gru",
        "simulated",
        trials,
        overrides=here,
        studies=f"{folder}/studies",
        stores=f"{tempfile.gettempdir()}/tuning-stores",
    )
    return time.perf_counter() - began, time.process_time() - used


@contextmanager
def timed_runs() -> Iterator[list[float]]:
    """Yields a list that gets the processor time of every run that a trial trains."""
    spent: list[float] = []

    def timed(*arguments: Any, **options: Any) -> RunRecord:
        began = time.process_time()
        try:
            return carry_out(*arguments, **options)
        finally:
            spent.append(time.process_time() - began)

    with patch("ercbench.tuning.trial.carry_out", timed):
        yield spent


def main() -> None:
    """Prints the share that a study takes over its runs, and how much faster two processes are."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    study(1, 1)  # imports, and makes the store
    with timed_runs() as spent:
        alone, used = study(trials, 1)
    print(f"{trials} trials, one process: {alone:.1f} s, {used:.1f} s of processor time")
    print(f"beside the runs: {100 * (used / sum(spent) - 1):.1f} % of their processor time")
    together, _ = study(trials, 2)
    print(f"two processes: {together:.1f} s, {alone / together:.2f} times as fast")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
