"""Opening and listing a store of a million utterances: seconds until the first rows, and memory.

    python benchmarks/store_open.py [--rows 1000000] [--width 1024]

Makes up the store in a temporary folder (4 GB by default), empties the file from the system's
cache where it can, and opens it in a new process: before its checksums were ever checked, which
reads all of it, and after that.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.commands.stores import list_stores
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.features.store.checksums import CHECKSUMS
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import MANIFEST
from ercbench.features.store.manifest import SCHEMA


def main() -> None:
    """Prints how long opening took, cold and warm, and how much memory it needed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where there is room; default: temporary")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.open:
        open_store(arguments.open)
        return
    with TemporaryDirectory(dir=arguments.folder) as folder:
        store = Path(folder) / "store"
        make_store(store, arguments.rows, arguments.width)
        size = sum(file.stat().st_size for file in store.iterdir())
        print(f"{arguments.rows} utterances x {arguments.width}: {size / 1e9:.2f} GB")
        for state in ("first, cold", "cold", "warm"):
            if "cold" in state:
                drop_from_cache(store)
            command = [sys.executable, __file__, "--open", str(store)]
            found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            print(
                f"{state}: list {found['list']:.3f} s, open {found['open']:.3f} s, "
                f"first 1000 rows {found['rows']:.3f} s, "
                f"memory grown by {found['memory'] / 1e6:.0f} MB"
            )


def open_store(folder: Path) -> None:
    """Opens a store and reads rows from its middle; prints figures as JSON."""
    before = _peak_memory()
    begun = time.perf_counter()
    list_stores(folder.parent)
    started = time.perf_counter()
    store = FeatureStore(folder)
    (features,) = store.select(["text"])
    opened = time.perf_counter()
    middle = store.count // 2
    last = min(store.count, middle + 1000)
    rows = features.rows(middle, last)
    read = time.perf_counter()
    assert rows[:, 0].tolist() == [row % 997 for row in range(middle, last)]
    figures = {
        "list": started - begun,
        "open": opened - started,
        "rows": read - opened,
        "memory": _peak_memory() - before,
    }
    print(json.dumps(figures))


def make_store(folder: Path, rows: int, width: int) -> None:
    """Makes up a store of conversations of ten; the first column tells the row."""
    seed = Corpus("large", ("a",), (Conversation("c", (Utterance("u", "x"),)),), {})
    with FeatureStore.creating(folder, seed):
        pass
    numbers = np.arange(rows)
    columns = {name: pa.nulls(rows, SCHEMA.field(name).type) for name in SCHEMA.names}
    columns |= {
        "conversation": pa.array([f"conversation{number // 10}" for number in numbers]),
        "id": pa.array([f"utterance{number}" for number in numbers]),
        "speaker": pa.array([f"speaker{number % 2}" for number in numbers]),
        "text": pa.array([f"what was said at {number}" for number in numbers]),
    }
    pq.write_table(pa.table(columns, schema=SCHEMA), folder / MANIFEST)
    (folder / CHECKSUMS).unlink()
    values = np.zeros((rows, width), np.float32)
    values[:, 0] = numbers % 997
    FeatureStore(folder).add("text", "made_up", values, encoder="none", fitted_on=[])
    (folder / CHECKSUMS).unlink()


def drop_from_cache(folder: Path) -> None:
    """Asks the system to forget the files' contents, so that they are read from the disk."""
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _peak_memory() -> int:
    """Returns the most memory this process has had, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
