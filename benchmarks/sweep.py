"""How many laptop-size runs an hour a machine makes, and how much of a run is not training.

Gives the command of a sweep over seeds on the simulated corpus twice, without a launcher and with
launcher=joblib, two runs at a time. Its wall clock needs two idle cores; processor time hardly
depends on who else is at work. A run in this process, where all is imported as in the process that
joblib's runs are forked from, then says what its steps take. All runs have as many epochs.

Usage: OMP_NUM_THREADS=1 python benchmarks/sweep.py [RUNS] [MODEL]
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any
from unittest.mock import patch

import ercbench
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.trainable import Trainable

EPOCHS = 20
SETTINGS = (
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "selection.patience=40",
    f"stores={tempfile.gettempdir()}/sweep-stores",
)
TWO = ("launcher=joblib", "launcher.jobs=2")


def sweep(runs: int, model: str, *launcher: str) -> tuple[float, float]:
    """Returns the seconds of a sweep in a folder of its own, wall clock and processor time."""
    seeds = f"seed={','.join(map(str, range(runs)))}"
    words = (*SETTINGS, f"model={model}", f"trainer.max_epochs={EPOCHS}", seeds, *launcher)
    began, used = time.perf_counter(), processor_time()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ercbench", "train", "-m", f"runs={folder}", *words]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began, processor_time() - used


def processor_time() -> float:
    """Returns the seconds that children have used so far."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """Adds up the processor time of every training step and of the network on validation."""

    def timing(owner: type, name: str) -> Any:
        plain = getattr(owner, name)

        def step(*arguments: Any) -> Any:
            began = time.process_time()
            try:
                return plain(*arguments)
            finally:
                spent[name] += time.process_time() - began

        return patch.object(owner, name, step)

    with timing(Trainable, "training_step"), timing(ConversationClassifier, "validation_step"):
        yield


def run(model: str, epochs: int) -> tuple[float, dict[str, float]]:
    """Returns the processor time of a run in this process, and of its steps."""
    spent: dict[str, float] = defaultdict(float)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, timed(spent):
        settings = [f"trainer.max_epochs={epochs}", *SETTINGS[:-1]]
        ercbench.train(model, "simulated", 0, None, settings, folder, SETTINGS[-1].split("=")[1])
    return time.process_time() - began, spent


def main() -> None:
    """Prints runs an hour, their ratio, and what of a run is spent outside its steps."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    model = sys.argv[2] if len(sys.argv) > 2 else "gru"
    run(model, 1)  # imports, and makes the store
    whole, spent = run(model, EPOCHS)
    training, validation = spent["training_step"], spent["validation_step"]
    print(
        f"{model}, {EPOCHS} epochs, one run where all is imported: {whole:.1f} s of the processor"
    )
    print(f"outside training steps: {100 * (1 - training / whole):.1f} %, of which the network on")
    print(f"validation: {100 * validation / whole:.1f} %")
    seconds = {}
    for name, launcher in (("one after the other", ()), ("two at a time", TWO)):
        wall, used = sweep(runs, model, *launcher)
        seconds[name] = wall
        print(
            f"{runs} runs, {name}: {wall:.1f} s, {3600 * runs / wall:.0f} runs an hour, "
            f"{used / runs:.1f} s of the processor each, planning and imports included"
        )
    alone, together = seconds.values()
    print(f"{alone / together:.2f} times as many runs an hour")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
