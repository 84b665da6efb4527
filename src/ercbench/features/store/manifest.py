"""A corpus on disk: `manifest.parquet`, a row per utterance in order, and `corpus.json`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.corpora.speakers import ValidationSpeakers, by_conversation, validation_speakers
from ercbench.errors import ErcbenchError
from ercbench.features.store.finding import CORPUS, MANIFEST

ROWS_AT_ONCE = 16384
COUNTED = ["conversation", "speaker"]
# What reading a damaged file can raise, beside Arrow's own errors.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OSError)
SCHEMA = pa.schema(
    [
        pa.field("conversation", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("speaker", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("start", pa.float64()),
        pa.field("end", pa.float64()),
        pa.field("audio", pa.string()),
        pa.field("video", pa.string()),
    ]
)


def write_corpus(folder: Path, corpus: Corpus) -> None:
    """Writes a corpus into a folder that exists."""
    rows = (
        (conversation.id, *(getattr(utterance, name) for name in SCHEMA.names[1:]))
        for conversation in corpus.conversations
        for utterance in conversation.utterances
    )
    parts = [
        pa.table(list(map(list, zip(*some, strict=True))), schema=SCHEMA)
        for some in iter(lambda: list(islice(rows, ROWS_AT_ONCE)), [])
    ]
    pq.write_table(pa.concat_tables(parts).combine_chunks(), folder / MANIFEST)
    description = {
        "name": corpus.name,
        "labels": corpus.labels,
        "splits": {name: asdict(split) for name, split in corpus.splits.items()},
        "provenance": dict(corpus.provenance),
    }
    (folder / CORPUS).write_text(json.dumps(description, indent=2) + "\n")


@dataclass(frozen=True)
class CorpusSummary:
    """A corpus without what was said.

    Attributes:
        name: Of the corpus.
        labels: Their names, in order.
        conversations: How many.
        utterances: How many.
        splits: By name, the utterances of the training, validation and test part.
        validation_speakers: By split, whether they speak in training too.
    """

    name: str
    labels: tuple[str, ...]
    conversations: int
    utterances: int
    splits: Mapping[str, tuple[int, ...]]
    validation_speakers: Mapping[str, ValidationSpeakers]


def check_files(folder: Path) -> None:
    """Checks that a folder holds the two files of a corpus.

    Raises:
        ErcbenchError: One is missing.
    """
    for name in (MANIFEST, CORPUS):
        if not (folder / name).is_file():
            raise ErcbenchError(
                f"{folder}: no {name}; a feature store holds {MANIFEST} and {CORPUS}. "
                "Prepare the store again or give another folder."
            )


def count_rows(folder: Path) -> int:
    """Returns how many utterances a corpus on disk has, without reading them.

    Raises:
        ErcbenchError: The manifest is damaged.
    """
    with telling_damage(folder):
        return pq.read_metadata(folder / MANIFEST).num_rows


def read_summary(folder: Path) -> CorpusSummary:
    """Returns names and sizes of a corpus on disk; of a million utterances in half a second.

    Raises:
        ErcbenchError: A file is damaged.
    """
    with telling_damage(folder):
        description = json.loads((folder / CORPUS).read_text())
        speaking = _speaking(folder)
        lengths: dict[str, int] = {}
        for (conversation, _), count in speaking.items():
            lengths[conversation] = lengths.get(conversation, 0) + count
        splits = {name: split_of(parts) for name, parts in description["splits"].items()}
        return CorpusSummary(
            str(description["name"]),
            tuple(description["labels"]),
            len(lengths),
            sum(lengths.values()),
            {
                name: tuple(sum(lengths[id] for id in ids) for ids in split.parts().values())
                for name, split in splits.items()
            },
            validation_speakers(splits, by_conversation(speaking)),
        )


def _speaking(folder: Path) -> dict[tuple[str, str], int]:
    """Returns how many utterances each speaker has in each conversation.

    Without Arrow's own grouping and `to_numpy`, which import pandas, longer than all the rest.
    """
    turns = pq.ParquetFile(folder / MANIFEST, read_dictionary=COUNTED).read(COUNTED)
    columns = [turns.unify_dictionaries()[name].combine_chunks() for name in COUNTED]
    where, who = (np.from_dlpack(column.indices).astype(np.int64) for column in columns)
    wheres, whos = (column.dictionary.to_pylist() for column in columns)
    pairs, counts = np.unique(where * len(whos) + who, return_counts=True)
    told = zip(*divmod(pairs, len(whos)), counts.tolist(), strict=True)
    return {(wheres[where], whos[who]): count for where, who, count in told}


def read_corpus(folder: Path) -> Corpus:
    """Reads a corpus back; equal to the one that was written.

    Raises:
        ErcbenchError: A file is missing or damaged, or the corpus breaks one of its rules.
    """
    with telling_damage(folder):
        description = json.loads((folder / CORPUS).read_text())
        table = pq.read_table(folder / MANIFEST, schema=SCHEMA)
        splits = {name: split_of(parts) for name, parts in description["splits"].items()}
        name, labels = description["name"], tuple(description["labels"])
        conversations = tuple(conversations_of(table))
        return Corpus(name, labels, conversations, splits, description["provenance"])


@contextmanager
def telling_damage(folder: Path) -> Iterator[None]:
    """Tells what reading a damaged manifest or corpus.json can raise.

    Raises:
        ErcbenchError: Instead of it.
    """
    try:
        yield
    except (*UNREADABLE, pa.ArrowException) as error:
        raise ErcbenchError(
            f"{folder}: {MANIFEST} or {CORPUS} is damaged ({type(error).__name__}: {error}). "
            "Prepare the store again."
        ) from None


def split_of(parts: Mapping[str, Any]) -> Split:
    """Returns a split as corpus.json holds it."""
    train, validation, test = (tuple(parts[part]) for part in PARTS)
    return Split(train, validation, test, parts["unseen_speakers"])


def conversations_of(table: pa.Table) -> Iterator[Conversation]:
    """Yields the conversations in some rows of a manifest."""
    names = [field.name for field in fields(Utterance)]
    rows = (row for batch in table.to_batches(ROWS_AT_ONCE) for row in _rows(batch, names))
    for id, own in groupby(rows, key=itemgetter(0)):
        yield Conversation(id, tuple(utterance for _, utterance in own))


def _rows(batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[tuple[str, Utterance]]:
    columns = (batch.column(name).to_pylist() for name in names)
    turns = (Utterance(*cells) for cells in zip(*columns, strict=True))
    return zip(batch.column("conversation").to_pylist(), turns, strict=True)
