"""Chunks of a corpus through an encoder, in this process or in several."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    as_completed,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
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

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item
from ercbench.features.encoders.inputs import recording_size
from ercbench.features.store.parts import ExtractionParts
from ercbench.features.store.stored_corpus import StoredCorpus
from ercbench.threads import single_thread

# Chunks that wait for each worker; those that are read sooner would only take memory.
IN_LINE = 2

Chunks = Iterable[tuple[int, Sequence[Item]]]
"""Each chunk's number and utterances."""


class ChunkEncoder:
    """Encodes and writes one chunk after another.

    Args:
        parts: Where the chunks go.
        encoder: What encodes them.
    """

    def __init__(self, parts: ExtractionParts, encoder: Encoder) -> None:
        self.parts, self.encoder = parts, encoder

    def __call__(self, chunk: int, items: Sequence[Item]) -> int:
        """Returns how many rows were finished."""
        rows = self.parts.plan.rows_of(chunk)
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
    corpus: StoredCorpus,
    wanted: Sequence[int],
    finished: Collection[int],
    workers: int,
) -> None:
    """Encodes chunks, with a progress bar.

    Args:
        parts: Where the chunks go.
        encoder: What encodes them.
        corpus: Gone through once.
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
        work = ChunkEncoder(parts, encoder)
        chunks, workers = corpus.items(set(left), parts.plan.chunk), min(workers, len(left))
        for count in _in_processes(work, chunks, workers) if workers > 1 else _here(work, chunks):
            progress.advance(task, count)


def _here(work: ChunkEncoder, chunks: Chunks) -> Iterator[int]:
    with single_thread():
        for chunk, items in chunks:
            yield work(chunk, items)


def _in_processes(work: ChunkEncoder, chunks: Chunks, workers: int) -> Iterator[int]:
    """Yields the rows of each chunk as it is finished, in whatever order."""
    # A forked copy of a process in which torch has run threads can hang.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(work,))
    try:
        waiting: set[Future[int]] = set()
        for chunk, items in chunks:
            waiting.add(pool.submit(_encode, chunk, items))
            if len(waiting) > IN_LINE * workers:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        for future in as_completed(waiting):
            yield future.result()
    except BrokenProcessPool:
        raise ErcbenchError(
            f"workers={workers}: a worker was killed, most likely because memory ran out. Take "
            "fewer workers or smaller batches; finished rows are kept."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


_work: ChunkEncoder | None = None


def _begin(work: ChunkEncoder) -> None:
    """Prepares a worker process, which lives for one extraction."""
    import torch

    global _work
    _work = work
    torch.set_num_threads(1)
    threadpool_limits(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _encode(chunk: int, items: Sequence[Item]) -> int:
    assert _work is not None
    return _work(chunk, items)


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
