"""A corpus on disk: `manifest.parquet`, a row per utterance in order, and `corpus.json`."""

import json
from dataclasses import asdict, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError

MANIFEST = "manifest.parquet"
CORPUS = "corpus.json"
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
    rows = [
        {"conversation": conversation.id, **asdict(utterance)}
        for conversation in corpus.conversations
        for utterance in conversation.utterances
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / MANIFEST)
    description = {
        "name": corpus.name,
        "labels": corpus.labels,
        "splits": {name: asdict(split) for name, split in corpus.splits.items()},
        "provenance": dict(corpus.provenance),
    }
    (folder / CORPUS).write_text(json.dumps(description, indent=2) + "\n")


def count_rows(folder: Path) -> int:
    """Returns how many utterances a corpus on disk has, without reading them.

    Raises:
        ErcbenchError: A file is missing or damaged.
    """
    _read_description(folder)
    try:
        return pq.read_metadata(folder / MANIFEST).num_rows
    except (ValueError, OSError) as error:
        raise _damaged(folder, error) from None


def read_corpus(folder: Path) -> Corpus:
    """Reads a corpus back; equal to the one that was written.

    Raises:
        ErcbenchError: A file is missing or damaged, or the corpus breaks one of its rules.
    """
    description = _read_description(folder)
    try:
        table = pq.read_table(folder / MANIFEST, schema=SCHEMA)
        splits = {name: _split(parts) for name, parts in description["splits"].items()}
        name, labels = description["name"], tuple(description["labels"])
        provenance = description["provenance"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _damaged(folder, error) from None
    return Corpus(name, labels, _conversations(table), splits, provenance)


def _read_description(folder: Path) -> dict[str, Any]:
    for name in (MANIFEST, CORPUS):
        if not (folder / name).is_file():
            raise ErcbenchError(
                f"{folder}: no {name}; a feature store holds {MANIFEST} and {CORPUS}. "
                "Prepare the store again or give another folder."
            )
    try:
        return dict(json.loads((folder / CORPUS).read_text()))
    except (ValueError, TypeError, OSError) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: Path, error: Exception) -> ErcbenchError:
    return ErcbenchError(
        f"{folder}: {MANIFEST} or {CORPUS} is damaged ({error}). Prepare the store again."
    )


def _split(parts: dict) -> Split:
    train, validation, test = (tuple(parts[part]) for part in PARTS)
    return Split(train, validation, test, parts["unseen_speakers"])


def _conversations(table: pa.Table) -> tuple[Conversation, ...]:
    names = [field.name for field in fields(Utterance)]
    return tuple(
        Conversation(id, tuple(Utterance(**{name: row[name] for name in names}) for row in rows))
        for id, rows in groupby(table.to_pylist(), key=lambda row: row["conversation"])
    )
