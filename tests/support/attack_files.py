"""Damaged and hostile files for `ercbench import`: how many end how.

    python tests/support/attack_files.py [--seed 0] [--each 100]

Each file is imported in a process of its own, with limits on time and memory. Fails if one ends in
a traceback, a crash or a hang. A changed number can only be noticed where the format has checksums
(npz has), so those are counted and no failure.
"""

import argparse
import copy
import hashlib
import io
import os
import pickle
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import miniatures
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hostile_pickles import all_hostile
from safetensors.numpy import save

from ercbench.corpora.community.read import read_community
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.features.store.blocks import read_blocks
from ercbench.features.store.catalog import add_given
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.importing import add_placed, place

SECONDS, BYTES = 10, 4 * 2**30
FAILURES = ("traceback", "crash", "hang")
OUTCOMES = ("refused", "unchanged", "changed", *FAILURES)
LAYOUTS = [
    *(miniatures.cosmic_iemocap, miniatures.cosmic_meld, miniatures.cosmic_roberta),
    *(miniatures.dialoguernn, miniatures.dialoguernn_meld, miniatures.mmgcn_meld),
    *(miniatures.cfn_esa, miniatures.cfn_esa_meld, miniatures.gcnet, miniatures.gcnet_mosi),
    miniatures.mmsa,
]
IDS = [f"c{i // 3}-{i % 3}" for i in range(30)]
VALUES = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=100, help="changed files of each kind")
    arguments = parser.parse_args()
    rng, started = random.Random(arguments.seed), time.monotonic()
    with TemporaryDirectory() as folder:
        attack = Attack(Path(folder))
        for kind, files in kinds(rng, arguments.each):
            attack.run(kind, files)
    print(f"{'':22}" + "".join(f"{outcome:>11}" for outcome in OUTCOMES))
    for kind, counts in attack.counts.items():
        print(f"{kind:22}" + "".join(f"{counts[outcome]:11}" for outcome in OUTCOMES))
    print(f"seed {arguments.seed}, {time.monotonic() - started:.0f} s")
    return any(counts[outcome] for counts in attack.counts.values() for outcome in FAILURES)


class Attack:
    """Imports files, each in a process of its own, and counts how they ended."""

    def __init__(self, folder):
        self.folder, self.counts = folder, {}
        turns = tuple(
            Conversation(f"c{i}", tuple(map(utterance, IDS[3 * i :][:3]))) for i in range(10)
        )
        with FeatureStore.creating(folder / "store", Corpus("mine", (), turns, {})):
            pass

    def run(self, kind, files):
        counts = self.counts[kind] = Counter()
        for suffix, content, original in files:
            path = self.folder / f"file.{suffix}"
            outcome, found = self.outcome(path, content)
            if outcome == "read":
                same = original is not None and self.outcome(path, original)[1] == found
                outcome = "unchanged" if same else "changed"
            counts[outcome] += 1
            if outcome in FAILURES:
                print(f"{kind}: {outcome}\n{found}", file=sys.stderr)

    def outcome(self, path, content):
        """Returns how a file ended, and a digest of what was read or what was raised."""
        path.write_bytes(content)
        ends = os.pipe()
        if (child := os.fork()) == 0:
            os.write(ends[1], repr(self.ending(path)).encode()[:60_000])
            os._exit(0)
        os.close(ends[1])
        with os.fdopen(ends[0], "rb") as pipe:
            told = pipe.read()
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            return ("hang" if os.WTERMSIG(status) == signal.SIGALRM else "crash"), status
        return eval(told)

    def ending(self, path):
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        warnings.simplefilter("ignore")
        try:
            return "read", self.imported(path)
        except ErcbenchError as error:
            return "refused", str(error)[:1000]
        except BaseException:
            return "traceback", traceback.format_exc()[-3000:]

    def imported(self, path):
        if path.suffix == ".pkl":
            return import_community(path, self.folder / f"made{os.getpid()}")
        store = FeatureStore(self.folder / "store")
        ids = path.with_suffix(".txt")
        ids.write_text("\n".join(IDS))
        placed = place(store.corpus, "audio", "x", read_blocks("audio", path, ids))
        return digest(add_placed(store, placed, None, 0.2).rows(0, len(IDS)))


def utterance(id):
    return Utterance(id, "Ann")


def import_community(path, folder):
    file = read_community(path)
    with FeatureStore.creating(folder, file.corpus) as store:
        add_given(store, Source(file.corpus, file.features), 0.2)
    corpus = [repr(part) for part in (file.corpus.conversations, file.corpus.splits)]
    return digest(*map(str.encode, corpus), *(file.features[key] for key in sorted(file.features)))


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return total.hexdigest()


def kinds(rng, each):
    """Yields each kind of attack and its files: suffix, content, and the file it was made of."""
    yield "hostile pickles", [("pkl", content, None) for content in all_hostile().values()]
    yield "pickles, bytes", changed(rng, each, "pkl", [dumped(rng, make()) for make in LAYOUTS])
    yield "pickles, content", odd_contents(rng, each)
    for suffix, originals in array_files().items():
        yield f"{suffix}, bytes", changed(rng, each, suffix, originals)


def changed(rng, count, suffix, originals):
    for _ in range(count):
        original = rng.choice(originals)
        yield suffix, with_changed_bytes(rng, original), original


def with_changed_bytes(rng, content):
    """Returns a file as a bad copy or a person with a hex editor would leave it."""
    content, place = bytearray(content), rng.randrange(len(content))
    kind = rng.choice(["bytes", "bytes", "end", "window", "number", "twice", "away"])
    if kind == "bytes":
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif kind == "end":
        del content[place:]
    elif kind == "window":
        content[place : place + 8] = rng.choice([b"\xff" * 8, bytes(8)])
    elif kind == "number":
        content[place : place + 8] = rng.choice([2**31 - 1, 2**40, 2**62]).to_bytes(8, "little")
    elif kind == "twice":
        content[place:place] = content[place : place + 50]
    else:
        del content[place : place + rng.randint(1, 50)]
    return bytes(content)


def dumped(rng, content):
    return pickle.dumps(content, rng.choice([0, 2, 4, 5]))


def odd_contents(rng, count):
    """Yields well-formed pickles of a known layout in which one thing is replaced."""
    for _ in range(count):
        original = rng.choice(LAYOUTS)()
        content = (
            list(copy.deepcopy(original))
            if isinstance(original, tuple)
            else copy.deepcopy(original)
        )
        replace_something(rng, content)
        yield "pkl", pickle.dumps(content, 4), pickle.dumps(original, 4)


def replace_something(rng, content):
    """Replaces one value, anywhere in lists, dicts and arrays of objects, by an odd one."""
    while True:
        keys = list(content) if isinstance(content, dict) else range(len(content))
        if not keys:
            return
        key = rng.choice(list(keys))
        inner = content[key]
        if not isinstance(inner, list | dict) or rng.random() < 0.3:
            break
        content = inner
    if isinstance(content, dict) and rng.random() < 0.3:
        content[rng.choice([-1, "", 2.5, b"x", None, True, "a\nb", 2**63])] = content.pop(key)
    else:
        content[key] = rng.choice(odd_values())


def odd_values():
    shared = ["x"]
    for _ in range(15):
        shared = [shared, shared]
    return [
        *(
            None,
            True,
            -1,
            2.5,
            2**63,
            float("nan"),
            float("inf"),
            1e300,
            "",
            "\n\x1b[31m",
            "é" * 9999,
        ),
        *(b"", b"\xff", [], {}, set(), (), [[]], [[1], [1, 2]], {"a": 1}, {"x", 2}, shared),
        *(
            np.array(1.0),
            np.zeros(0),
            np.zeros((3, 0)),
            np.zeros((2, 3, 4)),
            np.array(["x", "y", "z"]),
        ),
        *(np.array([None, "x", 1.0], object), np.array([{}, [], 2], object), np.array(b"x")),
        *(
            ["x"] * 3,
            [1, "x", None],
            [[1.0], "x", []],
            np.full((3, 4), np.nan),
            np.array([1, 0, 1]) > 0,
        ),
    ]


def array_files():
    """Returns valid files of features by suffix."""
    npz, compressed, by_id, npy, lists, columns = (io.BytesIO() for _ in range(6))
    np.savez(npz, utterance_id=IDS, features=VALUES)
    np.savez_compressed(compressed, id=IDS, values=VALUES.astype("f8"))
    np.savez(by_id, **dict(zip(IDS, VALUES, strict=True)))
    np.save(npy, VALUES)
    pq.write_table(pa.table({"id": IDS, "v": list(VALUES)}), lists)
    pq.write_table(pa.table({"id": IDS, **{f"v{i}": c for i, c in enumerate(VALUES.T)}}), columns)
    return {
        "npz": [file.getvalue() for file in (npz, compressed, by_id)],
        "npy": [npy.getvalue()],
        "safetensors": [save(dict(zip(IDS, VALUES, strict=True)))],
        "parquet": [file.getvalue() for file in (lists, columns)],
    }


if __name__ == "__main__":
    sys.exit(main())
