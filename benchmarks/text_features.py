"""MELD's utterances through MiniLM, beside sentence-transformers' own `encode`.

    python benchmarks/text_features.py FOLDER_OF_THE_CSV_FILES

Both have the same texts, weights and threads in one process; the texts go through ours in the
chunks of an extraction, each sorted on its own. Rounds alternate, and the best of each counts.
Processor seconds stand beside those on the clock, for machines that are busy with other things.
The last lines time a whole extraction, processes, files and all. Needs sentence-transformers,
which the package itself does not.
"""

import argparse
import csv
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from ercbench.commands.prepare import prepare
from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.features.encoders.encoder import Item, items_of
from ercbench.features.encoders.pretrained import MINILM, locate
from ercbench.features.encoders.text import MINILM_SETTINGS, TextEncoder

FILES = ("train_sent_emo.csv", "dev_sent_emo.csv", "test_sent_emo.csv")


def main() -> None:
    """Prints a table: seconds, utterances per second, times as fast, lowest cosine."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds " + ", ".join(FILES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--most", type=int, help="utterances; all by default")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    corpus = read_corpus(arguments.folder)
    items = list(items_of(corpus))[: arguments.most]
    texts = [item.utterance.text for item in items]
    print(f"{len(texts)} utterances, {arguments.threads} threads, best of {arguments.rounds}")
    peer = SentenceTransformer(str(locate(MINILM).folder), device="cpu")
    ways: dict[str, Callable[[], np.ndarray]] = {
        "sentence-transformers": lambda: np.asarray(peer.encode(texts)),
        "ercbench float32": _encode(items, "float32"),
        "ercbench bfloat16": _encode(items, "bfloat16"),
    }
    compare(ways, arguments.rounds)
    if arguments.most is None:
        for workers in sorted({1, arguments.threads}):
            time_extraction(corpus, workers)


def compare(ways: dict[str, Callable[[], np.ndarray]], rounds: int) -> None:
    """Times each way and compares its vectors with the first one's."""
    vectors: dict[str, np.ndarray] = {}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter(), time.process_time()
            vectors[name] = way()
            seconds[name].append(time.perf_counter() - started[0])
            processor[name].append(time.process_time() - started[1])
    first, *_ = ways
    for name in ways:
        best = min(seconds[name])
        cosine = (vectors[name] * vectors[first]).sum(1).min()  # all vectors have length 1
        print(
            f"{name:24} {best:7.2f} s {len(vectors[name]) / best:8.0f} /s "
            f"{min(seconds[first]) / best:6.2f} x  processor {min(processor[name]):7.2f} s "
            f"{min(processor[first]) / min(processor[name]):6.2f} x  lowest cosine {cosine:.6f}"
        )


def time_extraction(corpus: Corpus, workers: int) -> None:
    """Times everything from the corpus to the finished store, in float32."""
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        settings = extraction_settings(workers=workers)
        prepare(corpus, Path(folder) / "store", [TextEncoder(MINILM_SETTINGS)], settings)
        print(f"whole extraction, {workers} workers: {time.perf_counter() - started:.2f} s")


def read_corpus(folder: Path) -> Corpus:
    """Reads the texts alone, by dialogue."""
    conversations: dict[str, list[Utterance]] = {}
    for file in FILES:
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream)):
                turns = conversations.setdefault(f"{file}_{row['Dialogue_ID']}", [])
                turns.append(Utterance(f"{file}_{number}", row["Speaker"], row["Utterance"]))
    made = tuple(Conversation(id, tuple(turns)) for id, turns in conversations.items())
    return Corpus("meld-texts", ("unknown",), made, {})


def _encode(items: list[Item], dtype: str) -> Callable[[], np.ndarray]:
    encoder = TextEncoder(replace(MINILM_SETTINGS, dtype=dtype, device="cpu"))
    chunk = extraction_settings().chunk

    def encode() -> np.ndarray:
        chunks = (items[first : first + chunk] for first in range(0, len(items), chunk))
        return np.stack([np.asarray(vector) for part in chunks for vector in encoder.encode(part)])

    return encode


if __name__ == "__main__":
    main()
