"""Any corpus by its name and the place where it lies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Corpus
from ercbench.corpora.iemocap import read_iemocap
from ercbench.corpora.meld import read_meld
from ercbench.corpora.mosi.contextual import FILE, fitted_on, read_contextual
from ercbench.corpora.mosi.raw import read_raw
from ercbench.corpora.table.read import read_table
from ercbench.errors import ErcbenchError


@dataclass(frozen=True)
class Source:
    """What was read.

    Attributes:
        corpus: What was said.
        features: `modality:name` to [N, D] float32, where features came with it.
        fitted_on: By `modality:name`, the conversations whose labels made them; absent: nobody
            knows.
    """

    corpus: Corpus
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    fitted_on: Mapping[str, list[str] | None] = field(default_factory=dict)


def read_source(name: str, root: Path, options: Mapping[str, Any]) -> Source:
    """Reads a corpus.

    Args:
        name: A name in `SOURCES`.
        root: Where it lies.
        options: Settings of its reader, those that were given.

    Raises:
        ErcbenchError: There is no such corpus, it has no such setting, or it cannot be read.
    """
    if name not in SOURCES:
        raise ErcbenchError(
            f"corpus={name}: no such corpus; there are: {', '.join(SOURCES)}. Take one of these."
        )
    read, valid = SOURCES[name]
    for option in options:
        if option not in valid:
            raise ErcbenchError(
                f"{option}: corpus={name} has no such setting; it has root, {', '.join(valid)}. "
                f"Leave {option} out."
            )
    if not root.exists():
        raise ErcbenchError(f"root: nothing at '{root}'. Set root to where {name} lies.")
    # A manifest names recordings; their paths must hold wherever the next command runs.
    return read(root.absolute(), **options)


def usual_name(corpus: Corpus) -> str:
    """Returns what the store of a corpus is called: its name and which labels it has."""
    if corpus.name == "iemocap":
        return f"iemocap{len(corpus.labels)}"
    if corpus.name == "meld" and "joy" not in corpus.labels:
        return "meld-sentiment"
    return corpus.name


def _meld(root: Path, clips: Mapping[str, str] | None = None, **options: Any) -> Source:
    folders = {part: Path(path).expanduser().absolute() for part, path in (clips or {}).items()}
    return Source(read_meld(root, clips=folders, **options))


def _iemocap(root: Path, **options: Any) -> Source:
    return Source(read_iemocap(root, **options))


def _mosi(root: Path, **options: Any) -> Source:
    if not (root / FILE).is_file():
        return Source(read_raw(root, **options))
    if options:
        raise ErcbenchError(
            f"zero: {root / FILE} holds labels that were made already, 0 as positive. Leave zero "
            "out, or give the folder of the raw release."
        )
    corpus, features = read_contextual(root)
    seen = {f"{modality}:contextual": ids for modality, ids in fitted_on(corpus).items()}
    return Source(corpus, {f"{m}:contextual": values for m, values in features.items()}, seen)


def _table(root: Path, **options: Any) -> Source:
    return Source(read_table(root, **options))


SOURCES: dict[str, tuple[Callable[..., Source], tuple[str, ...]]] = {
    "meld": (_meld, ("labels", "clips")),
    "iemocap": (_iemocap, ("labels", "others")),
    "mosi": (_mosi, ("zero",)),
    "csv": (_table, ("labels", "columns")),
}
"""By name: the reader, and the settings it has beside root."""
