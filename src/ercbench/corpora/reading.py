"""Any corpus by its name and the place where it lies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ercbench.corpora.registry import CORPORA
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError


def read_source(name: str, root: Path, options: Mapping[str, Any]) -> Source:
    """Reads a corpus.

    Args:
        name: A name in `CORPORA`.
        root: Where it lies.
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
    if not root.exists():
        raise ErcbenchError(f"root: nothing at '{root}'. Set root to where {name} lies.")
    # A manifest names recordings; their paths must hold wherever the next command runs.
    return entry.read(root.absolute(), **options)
