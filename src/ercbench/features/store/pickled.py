"""Vectors in pickles: dicts by utterance, by modality or by part, as the field nests them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.community.pickles import read_pickle
from ercbench.corpora.conversation import PARTS
from ercbench.corpora.names import composed
from ercbench.corpora.table.parts import SPELLINGS
from ercbench.errors import ErcbenchError
from ercbench.features.store.keyed import MODALITIES

EXPECTED = (
    "a dict of a vector per utterance id; such a dict for each modality or for each part; or the "
    "three of train, dev and test in a list"
)

Rows = Mapping[str, np.ndarray]
"""Utterance id to its vector."""


def read_dicts(path: Path) -> Iterator[tuple[str | None, str | None, Rows]]:
    """Reads the vectors in a pickle, executing nothing in it.

    Yields:
        The part and the modality, each None where the file names none, and the rows.

    Raises:
        ErcbenchError: It is damaged, asks for code, or holds something else.
    """
    return _of(path, read_pickle(path), None, None)


def _of(
    path: Path, content: Any, part: str | None, modality: str | None
) -> Iterator[tuple[str | None, str | None, Rows]]:
    if part is None and isinstance(content, (list, tuple)) and len(content) == len(PARTS):
        content = dict(zip(PARTS, content, strict=True))
    if not isinstance(content, Mapping) or not content:
        raise _unknown(path, content)
    if part is None and (parts := _names(content, {p: p for p in PARTS} | SPELLINGS)):
        for name, own in parts.items():
            yield from _of(path, content[own], name, modality)
    elif modality is None and (found := _names(content, MODALITIES)):
        for name, own in found.items():
            yield from _of(path, content[own], part, name)
    elif modality is None and all(_is_by_modality(each) for each in content.values()):
        for name in sorted({MODALITIES[own] for each in content.values() for own in each}):
            yield part, name, _rows(path, _of_modality(content, name))
    else:
        yield part, modality, _rows(path, content)


def _names(content: Mapping[Any, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Returns ours to theirs if all keys are among the names that are known, else nothing."""
    named = {known.get(str(key).casefold()): key for key in content}
    return named if None not in named and len(named) == len(content) else {}  # type: ignore[return-value]


def _is_by_modality(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and set(value) <= set(MODALITIES)


def _of_modality(content: Mapping[Any, Any], modality: str) -> dict[Any, Any]:
    return {
        id: vector
        for id, each in content.items()
        for name, vector in each.items()
        if MODALITIES[name] == modality
    }


def _rows(path: Path, content: Mapping[Any, Any]) -> dict[str, np.ndarray]:
    rows = {composed(str(id)): _vector(path, id, value) for id, value in content.items()}
    if len(rows) < len(content):
        raise ErcbenchError(
            f"{path}: {len(content) - len(rows)} ids occur twice, as a number and as text. Keep "
            "one row for each."
        )
    return rows


def _vector(path: Path, id: Any, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0)
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or array.size == 0:
        raise _unknown(path, value, f" for '{str(id)[:40]}'")
    # Some write a vector as a matrix of one row; rows of several are frames or utterances.
    return array[0] if array.ndim == 2 and len(array) == 1 else array


def _unknown(path: Path, content: Any, where: str = "") -> ErcbenchError:
    shape = f" of shape {list(np.shape(content))}" if isinstance(content, np.ndarray) else ""
    size = f" of {len(content)}" if isinstance(content, (Mapping, Sequence)) else ""
    return ErcbenchError(
        f"{path}: found a {type(content).__name__}{shape or size}{where}; expected {EXPECTED}. "
        "Save it so; or, if it is a corpus that the field passes around, give it as community=FILE."
    )
