"""Any corpus by its name and the place where it lies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ercbench.corpora.registry import CORPORA, CorpusReader
from ercbench.corpora.source import Root, Source
from ercbench.errors import ErcbenchError


def read_source(name: str, root: Root, options: Mapping[str, Any]) -> Source:
    """Reads a corpus.

    Args:
        name: A name in `CORPORA`.
        root: Where it lies; one path, or for corpora that come so one for each part.
        options: Settings of its reader, those that were given.

    Raises:
        ErcbenchError: There is no such corpus, it has no such setting, or it cannot be read.
    """
    entry = CORPORA[name]
    if entry.read is None:
        raise ErcbenchError(
            f"corpus={name}: is made, not read; it needs no store. Train on it: dataset={name}"
        )
    for option in options:
        if option not in entry.settings:
            raise ErcbenchError(
                f"{option}: corpus={name} has no such setting; it has "
                f"{', '.join(('root', *entry.settings))}. Leave {option} out."
            )
    # A manifest names recordings; their paths must hold wherever the next command runs.
    return entry.read(_place(entry, root), **options)


def _place(entry: CorpusReader, root: Root) -> Root:
    if isinstance(root, Path):
        if not (root.exists() or (entry.files and any(root.parent.glob(root.name)))):
            raise ErcbenchError(f"root: nothing at '{root}'. Set root to where {entry.name} lies.")
        return root.absolute()
    if not entry.files:
        raise ErcbenchError(
            f"root: found root.{next(iter(root))}, but corpus={entry.name} lies in one folder. Set "
            "root=FOLDER."
        )
    for part, path in root.items():
        if not (path.exists() or any(path.parent.glob(path.name))):
            raise ErcbenchError(f"root.{part}: nothing at '{path}'. Correct root.{part}.")
    return {part: path.absolute() for part, path in root.items()}
