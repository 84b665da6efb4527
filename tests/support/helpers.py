"""Small data and small settings, for tests to import."""

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache
from tempfile import TemporaryFile

from ercbench.cli import main
from ercbench.config.compose import compose, dataset_settings

SMALL_DATA = (
    "dataset.simulation.train=12",
    "dataset.simulation.validation=6",
    "dataset.simulation.test=6",
    "trainer.max_epochs=6",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
)
SMALL_RUN = (*SMALL_DATA, "model=mlp", "model.hidden=8", "model.layers=1")


def compose_in(folder, *overrides, command="train"):
    """Composes the settings of a command with everything it writes inside a folder."""
    folders = [f"{name}={folder}/{name}" for name in ("runs", "stores")][command != "train" :]
    return compose(command, [*folders, *overrides])


@cache
def _simulation():
    return dataset_settings("simulated").simulation


def simulation(**changes):
    """The settings of the simulated corpus, but for the changes."""
    return replace(_simulation(), **changes)


def run_in(folder, *arguments, before="", **options):
    """Runs `ercbench …` in a process of its own, in a folder."""
    code = f"{before}\nfrom ercbench.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def forked_in(folder, *arguments, before="", limits=lambda: None):
    """Runs `ercbench …` in a fork of this process, in a folder; nothing is imported anew."""
    with TemporaryFile("w+") as said, TemporaryFile("w+") as told:

        def work():
            # Lightning lets a process ignore it from its first interruption on.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number, name, stream in ((1, "stdout", said), (2, "stderr", told)):
                os.dup2(stream.fileno(), number)
                setattr(sys, name, os.fdopen(number, "w", buffering=1))
            os.chdir(folder)
            os.environ["COLUMNS"] = "200"
            sys.argv = ["ercbench", *arguments]
            limits()
            exec(before, {})
            main()

        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
        texts = [stream.seek(0) or stream.read() for stream in (said, told)]
    return subprocess.CompletedProcess(arguments, process.exitcode, *texts)
