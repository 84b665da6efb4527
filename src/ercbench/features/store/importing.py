"""Anybody's features into a store: arrays whose rows are keyed by utterance id."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.store.blocks import Block
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.matching import UtteranceNames
from ercbench.files import sha256_of_file, sha256_of_text


@dataclass(frozen=True)
class Placed:
    """Somebody's vectors in the order of a corpus.

    Attributes:
        modality: Such as `audio`.
        name: Distinguishes the sets of one modality.
        values: [N, D] float32, 0 where there is none.
        present: [N] bool.
        source: The names of the files.
        sha256: Of the file, or of the hashes of several.
    """

    modality: str
    name: str
    values: np.ndarray
    present: np.ndarray
    source: str
    sha256: str

    @property
    def key(self) -> str:
        """The set's name in settings and tables, `modality:name`."""
        return f"{self.modality}:{self.name}"


def place(corpus: Corpus, modality: str, name: str, blocks: Sequence[Block]) -> Placed:
    """Puts rows in the order of a corpus, each by the id of its utterance.

    Utterances without a row, or whose row holds NaN or infinity, are missing. Warnings count and
    name the ids that match nothing on either side.

    Args:
        corpus: Whose utterances.
        modality: Such as `audio`.
        name: What the set is called.
        blocks: What the files hold, at least one.

    Raises:
        ErcbenchError: No id of a file matches, an id means several utterances, several rows mean
            one, or the rows differ in width.
    """
    names, widths = UtteranceNames(corpus), {b.keyed.values.shape[1] for b in blocks}
    if len(widths) > 1:
        raise ErcbenchError(
            f"{blocks[0].path}: rows of {' and '.join(map(str, sorted(widths)))} numbers, among "
            "the files of one modality; expected one width. Make the features alike."
        )
    values = np.zeros((len(names.ids), widths.pop()), dtype=np.float32)
    row_from: dict[int, Block] = {}
    for block in blocks:
        rows = _rows(names, block)
        if twice := row_from.keys() & rows.keys():
            first = min(twice)
            raise ErcbenchError(
                f"{block.path}: utterance '{names.ids[first]}' has a row here and in "
                f"{row_from[first].path}. Keep one."
            )
        row_from |= dict.fromkeys(rows, block)
        values[list(rows)] = block.keyed.values[list(rows.values())]
    _warn_of_missing(blocks[0].path, [id for r, id in enumerate(names.ids) if r not in row_from])
    present = np.zeros(len(names.ids), dtype=bool)
    present[list(row_from)] = True
    paths = list(dict.fromkeys(block.path for block in blocks))
    return Placed(modality, name, values, present, ", ".join(p.name for p in paths), _sha(paths))


def add_placed(
    store: FeatureStore, placed: Placed, fitted_on: list[str] | None, most_missing: float
) -> FeatureSet:
    """Adds vectors that are in the order of a store's corpus.

    Args:
        store: Where they go.
        placed: The vectors.
        fitted_on: Conversations whose labels the encoder saw; None: nobody knows.
        most_missing: Above this share of utterances without a vector the set is refused.

    Raises:
        ErcbenchError: Too many utterances would be missing.
    """
    return store.add(
        placed.modality,
        placed.name,
        placed.values,
        encoder="imported",
        fitted_on=fitted_on,
        present=placed.present,
        most_missing=most_missing,
        source=placed.source,
        sha256=placed.sha256,
    )


def _rows(names: UtteranceNames, block: Block) -> dict[int, int]:
    """Returns, by row of the manifest, the row of a file; warns of those that match nothing."""
    ids, path = block.keyed.ids, block.path
    found = names.rows(ids, block.part, str(path))
    rows = {row: own for own, row in enumerate(found) if row is not None}
    if not rows:
        of = f" of {block.part}" if block.part else ""
        raise ErcbenchError(
            f"{path}: none of its {len(ids)} ids ({', '.join(ids[:3])} ...) is in the manifest"
            f"{of} ({', '.join(names.ids[:3])} ...). Key the rows by the manifest's ids."
        )
    unmatched = sorted(id for id, row in zip(ids, found, strict=True) if row is None)
    _warn(path, unmatched, "rows match no utterance")
    return rows


def _warn_of_missing(path: Path, missing: Sequence[str]) -> None:
    _warn(path, missing, "utterances have no row")


def _warn(path: Path, ids: Sequence[str], what: str) -> None:
    if ids:
        rest = " ..." if len(ids) > 5 else ""
        warnings.warn(f"{path}: {len(ids)} {what}: {', '.join(ids[:5])}{rest}", stacklevel=4)


def _sha(paths: Sequence[Path]) -> str:
    hashes = [sha256_of_file(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else sha256_of_text("".join(hashes))
