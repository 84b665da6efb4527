"""Anybody's conversations from a csv or jsonl file."""

from pathlib import Path
from typing import Any

from ercbench.corpora.registry import CorpusReader
from ercbench.corpora.source import Source
from ercbench.corpora.table.read import read_table


def _read(root: Path, **settings: Any) -> Source:
    return Source(read_table(root, **settings))


CORPORA = (
    CorpusReader(
        name="csv",
        title="table",
        summary="your own conversations, from a csv or jsonl file",
        read=_read,
        settings=("labels", "columns"),
    ),
)
