"""A store's corpus as it lies on disk, gone through some thousand utterances at a time."""

import json
from collections.abc import Collection, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.features.encoders.encoder import Item, items_of
from ercbench.features.store.finding import CORPUS, MANIFEST
from ercbench.features.store.manifest import (
    ROWS_AT_ONCE,
    conversations_of,
    split_of,
    telling_damage,
)


class StoredCorpus:
    """What a `Corpus` is to an encoder, in memory that does not grow with its utterances.

    Args:
        folder: The store.

    Attributes:
        name: Of the corpus.
        labels: Their names, in order.
        splits: By name.
        provenance: Where it came from.

    Raises:
        ErcbenchError: A file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with telling_damage(folder):
            told = json.loads((folder / CORPUS).read_text())
            self.name, self.labels = str(told["name"]), tuple(told["labels"])
            self.splits = {name: split_of(parts) for name, parts in told["splits"].items()}
            self.provenance = dict(told["provenance"])

    def is_of(self, corpus: Corpus) -> bool:
        """Returns whether a corpus is the one that was written."""
        own = (self.name, self.labels, self.splits, self.provenance)
        return own == (
            *(corpus.name, corpus.labels),
            *(dict(corpus.splits), dict(corpus.provenance)),
        ) and all(
            one == other for one, other in zip_longest(self.conversations, corpus.conversations)
        )

    @property
    def conversations(self) -> Iterator[Conversation]:
        """Every conversation, in order, read as it is asked for."""
        for _, table in self._tables():
            yield from conversations_of(table)

    def utterances(self) -> Iterator[Utterance]:
        """Yields every utterance, in the order of the manifest."""
        for conversation in self.conversations:
            yield from conversation.utterances

    def items(self, chunks: Collection[int], size: int) -> Iterator[tuple[int, list[Item]]]:
        """Yields chunks of utterances in their places, in order.

        Args:
            chunks: Which, by number.
            size: Rows of a chunk; the last one may have fewer.
        """
        held: dict[int, list[Item]] = {}
        for first, table in self._tables() if chunks else ():
            touched = range(first // size, (first + len(table) - 1) // size + 1)
            if any(chunk in chunks for chunk in touched):
                for row, item in enumerate(items_of(self, conversations_of(table)), start=first):
                    if row // size in chunks:
                        held.setdefault(row // size, []).append(item)
            for chunk in [own for own in held if (own + 1) * size <= first + len(table)]:
                yield chunk, held.pop(chunk)
        yield from held.items()

    def ids(self, rows: Collection[int]) -> dict[int, str]:
        """Returns the utterances' ids by row."""
        first = 0
        found: dict[int, str] = {}
        for batch in self._batches(["id"]) if rows else ():
            wanted = [row for row in range(first, first + len(batch)) if row in rows]
            found |= {row: batch[0][row - first].as_py() for row in wanted}
            first += len(batch)
        return found

    def columns(self, *names: str) -> Iterator[list[pa.Array]]:
        """Yields columns of the manifest, some thousand rows at a time."""
        for batch in self._batches(list(names)):
            yield batch.columns

    def _batches(self, columns: list[str] | None = None) -> Iterator[Any]:
        with (
            telling_damage(self.folder),
            pq.ParquetFile(self.folder / MANIFEST, buffer_size=1 << 20) as file,
        ):
            yield from file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False)

    def _tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yields rows of whole conversations, each time with the number of the first row."""
        first, rest = 0, None
        for batch in self._batches():
            table = pa.Table.from_batches([batch])
            table = pa.concat_tables([rest, table]) if rest is not None else table
            conversation = table["conversation"]
            begun = conversation.index(conversation[-1]).as_py()  # the last may go on
            if begun:
                yield first, table.slice(0, begun)
            first, rest = first + begun, table.slice(begun)
        if rest is not None:
            yield first, rest
