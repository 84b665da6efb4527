"""Chunks of a corpus through an encoder, in this process or in several."""

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from threadpoolctl import threadpool_limits

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item, items_of
from ercbench.features.store.missing import recording_size
from ercbench.features.store.parts import ExtractionParts


class ChunkEncoder:
    """Encodes and writes one chunk after another.

    Args:
        parts: Where the chunks go.
        encoder: What encodes them.
        corpus: In the order of the manifest.
    """

    def __init__(self, parts: ExtractionParts, encoder: Encoder, corpus: Corpus) -> None:
        self.parts, self.encoder = parts, encoder
        self.items: list[Item] = list(items_of(corpus))

    def __call__(self, chunk: int) -> int:
        """Returns how many rows were finished."""
        rows = self.parts.plan.rows_of(chunk)
        items = self.items[rows.start : rows.stop]
        sizes = [recording_size(item, self.encoder) for item in items]
        vectors = self.encoder.encode(items)
        if len(vectors) != len(rows):
            raise ErcbenchError(
                f"Encoder of '{self.parts.plan.key}': gave {len(vectors)} vectors for {len(rows)} "
                "utterances. Correct the encoder."
            )
        self.parts.write(chunk, vectors, sizes)
        return len(rows)


def encode_chunks(
    parts: ExtractionParts,
    encoder: Encoder,
    corpus: Corpus,
    wanted: Sequence[int],
    finished: Collection[int],
    workers: int,
) -> None:
    """Encodes chunks, with a progress bar.

    Args:
        parts: Where the chunks go.
        encoder: What encodes them.
        corpus: In the order of the manifest.
        wanted: Chunks by number, of which those that are finished only count in the bar.
        finished: Chunks that need not be encoded.
        workers: Processes; with 1 it happens in this one.

    Raises:
        ErcbenchError: A worker was killed, or the encoder cannot work.
    """
    left = [chunk for chunk in wanted if chunk not in finished]
    rows = {chunk: len(parts.plan.rows_of(chunk)) for chunk in wanted}
    with row_progress() as progress:
        done = sum(rows[chunk] for chunk in wanted if chunk in finished)
        task = progress.add_task(parts.plan.key, total=sum(rows.values()), completed=done)
        work = ChunkEncoder(parts, encoder, corpus)
        for count in _here(work, left) if workers == 1 else _in_processes(work, left, workers):
            progress.advance(task, count)


def _here(work: ChunkEncoder, chunks: Sequence[int]) -> Iterator[int]:
    with single_thread():
        for chunk in chunks:
            yield work(chunk)


def _in_processes(work: ChunkEncoder, chunks: Sequence[int], workers: int) -> Iterator[int]:
    """Yields the rows of each chunk as it is finished, in whatever order."""
    if not chunks:
        return
    # A forked copy of a process in which torch has run threads can hang.
    pool = ProcessPoolExecutor(
        min(workers, len(chunks)), get_context("spawn"), initializer=_begin, initargs=(work,)
    )
    try:
        futures: list[Future[int]] = [pool.submit(_encode, chunk) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise ErcbenchError(
            f"workers={workers}: a worker was killed, most likely because memory ran out. Take "
            "fewer workers or smaller batches; finished rows are kept."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


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


_work: ChunkEncoder | None = None


def _begin(work: ChunkEncoder) -> None:
    """Prepares a worker process, which lives for one extraction."""
    import torch

    global _work
    _work = work
    torch.set_num_threads(1)
    threadpool_limits(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _encode(chunk: int) -> int:
    assert _work is not None
    return _work(chunk)


def _end_with_parent() -> None:
    """Ends a worker whose parent was killed and can no longer end it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def row_progress() -> Progress:
    """Returns bars that say how many rows are made, and how many a second."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


class _Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} rows/s", style="progress.data.speed")
