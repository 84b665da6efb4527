"""From a table to a store with features: time and memory, from a thousand rows to a million.

    OMP_NUM_THREADS=1 python benchmarks/extraction.py [--rows 1000 10000 100000 1000000]

Makes up conversations of unequal length in a csv file (seeded, in a temporary folder; 0.5 GB for a
million rows). The encoder counts words by hashing: the framework is measured, no network.
Every step is a process of its own. Seconds are the processor's, without imports; memory is the most
that one process held (VmHWM), imports included.
"""

import argparse
import csv
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import numpy as np
from rich.console import Console
from rich.table import Table

from ercbench.config.compose import extraction_settings
from ercbench.corpora.reading import read_source
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.store import extraction
from ercbench.features.store.division import ExtractionSettings
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.shards import merge_shards

WIDTH = 32
COLUMNS = ("conversation", "utterance", "speaker", "text", "label", "split", "start", "end")
STEPS = ("read", "extract", "merge", "open", "verify")


@dataclass(frozen=True)
class HashingEncoder:
    """Counts the words of an utterance, each in the place that its hash says."""

    name: str = "hashed"
    modality: str = "text"
    width: int = WIDTH

    @property
    def fitted_on(self) -> list[str]:
        """Nobody's labels."""
        return []

    def describe(self) -> dict[str, Any]:
        """Returns what the store notes."""
        return {"encoder": "hashing", "revision": "1", "settings": {}}

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector of counts for each utterance."""
        vectors = np.zeros((len(items), WIDTH), np.float32)
        for vector, item in zip(vectors, items, strict=True):
            for word in item.utterance.text.split():
                vector[crc32(word.encode()) % WIDTH] += 1
        return list(vectors)


def write_table(path: Path, rows: int) -> None:
    """Writes conversations of 1 to 40 turns of 1 to 30 words."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(1000)])
    conversation, left = -1, 0
    with path.open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream)
        lines.writerow(COLUMNS)
        for row in range(rows):
            if left == 0:
                conversation, left, now = conversation + 1, int(rng.integers(1, 41)), 0.0
            length = int(rng.integers(1, 31))
            text = " ".join(words[rng.integers(0, len(words), length)])
            part = ("train", "validation", "test")[conversation % 3]
            times = (f"{now:.1f}", f"{now + length / 3:.1f}")
            label = ("joy", "anger")[row % 2]
            told = (f"c{conversation}", f"u{row}", f"s{conversation}_{row % 2}", text, label, part)
            lines.writerow((*told, *times))
            left, now = left - 1, now + length / 3


def read(folder: Path, _: ExtractionSettings) -> None:
    """Reads the table and makes a store of it."""
    corpus = read_source("csv", folder / "talk.csv", {}).corpus
    with FeatureStore.creating(folder / "store", corpus):
        pass


def extract(folder: Path, settings: ExtractionSettings) -> None:
    """Encodes one shard."""
    extraction.extract(FeatureStore(folder / "store"), HashingEncoder(), settings)


def merge(folder: Path, _: ExtractionSettings) -> None:
    """Puts the shards together."""
    merge_shards(FeatureStore(folder / "store"), (), 0.2)


def open_rows(folder: Path, _: ExtractionSettings) -> None:
    """Opens the finished store and reads a thousand rows from its middle."""
    store = FeatureStore(folder / "store")
    (features,) = store.select(["text"])
    middle = store.count // 2
    assert features.rows(middle, min(store.count, middle + 1000)).any(1).all()


def verify(folder: Path, settings: ExtractionSettings) -> None:
    """Opens it as one that was copied is: every byte is hashed again."""
    for file in (folder / "store").glob("*.[ps]*"):  # not the checksums
        os.utime(file)
    open_rows(folder, settings)


WORK: dict[str, Callable[[Path, ExtractionSettings], None]] = dict(
    zip(STEPS, (read, extract, merge, open_rows, verify), strict=True)
)


def measured(step: str, folder: Path, shard: str = "1/1") -> dict[str, float]:
    """Returns the processor's seconds of a step and its peak in MB, in a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(folder), shard]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def carry_out(step: str, folder: Path, shard: str) -> None:
    """Does one step and prints what it took, imports and settings not counted."""
    if step == "extract":
        importlib.import_module("torch")  # only extraction waits for it
    settings = extraction_settings(shard=shard)
    begun = time.process_time()
    WORK[step](folder, settings)
    seconds = time.process_time() - begun
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "peak": peak / 1024}))


def main() -> None:
    """Prints a row per size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10**n for n in range(3, 7)])
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where there is room; default: temporary")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, folder, shard = options.step
        carry_out(step, Path(folder), shard)
        return
    table = Table(title="processor seconds, microseconds a row, peak MB of one process")
    for column in ("rows", *STEPS, "largest shard"):
        table.add_column(column, justify="right")
    for rows in options.rows:
        with TemporaryDirectory(dir=options.folder) as folder:
            table.add_row(f"{rows:,}", *measure(Path(folder), rows, options.shards))
    Console(width=120).print(table)


def measure(folder: Path, rows: int, shards: int) -> list[str]:
    """Returns what the steps took on a corpus of some size, and how uneven its shards were."""
    write_table(folder / "talk.csv", rows)
    cells, longest = [], 0.0
    for step in STEPS:
        parts = (
            [f"{part}/{shards}" for part in range(1, shards + 1)] if step == "extract" else ["1/1"]
        )
        took = [measured(step, folder, part) for part in parts]
        seconds, peak = sum(own["seconds"] for own in took), max(own["peak"] for own in took)
        if step == "extract":
            longest = max(own["seconds"] for own in took) * shards / seconds
        cells.append(f"{seconds:.2f} s, {1e6 * seconds / rows:,.0f} us, {peak:,.0f} MB")
    return [*cells, f"{longest:.2f}"]


if __name__ == "__main__":
    main()
