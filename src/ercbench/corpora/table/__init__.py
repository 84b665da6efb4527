"""Anybody's conversations from csv or jsonl files."""

from typing import Any

from ercbench.corpora.registry import CorpusReader
from ercbench.corpora.source import Root, Source
from ercbench.corpora.table.read import read_table


def _read(root: Root, **settings: Any) -> Source:
    return Source(read_table(root, **settings))


CORPORA = (
    CorpusReader(
        name="csv",
        title="table",
        summary="your own conversations, from csv or jsonl files",
        read=_read,
        files=True,
        settings=("labels", "columns"),
    ),
)
