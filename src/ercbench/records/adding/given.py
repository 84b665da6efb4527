"""Predictions as a file gives them: rows by utterance, or by dialogue and turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.community.plain import as_text
from ercbench.errors import ErcbenchError

Key = str | tuple[str, int]
"""What a file calls an utterance: its id, or its dialogue's and its place there, from 0."""


@dataclass(frozen=True)
class GivenPredictions:
    """N predictions, in the order of the file.

    Attributes:
        keys: N utterances, as the file calls them.
        values: [N, C] probabilities, or N labels as they are written.
        columns: C labels of the probabilities; None where the file does not say.
    """

    keys: tuple[Key, ...]
    values: np.ndarray | tuple[str, ...]
    columns: tuple[str, ...] | None = None

    @property
    def labels_only(self) -> bool:
        """Whether there are labels and no probabilities."""
        return isinstance(self.values, tuple)


def of_rows(path: Path, keys: Sequence[Key], rows: Sequence[Any]) -> GivenPredictions:
    """Returns predictions of which each is a label, or a list of C probabilities.

    Raises:
        ErcbenchError: They are of both kinds, or of different lengths.
    """
    lengths = {len(row) if isinstance(row, (list, tuple, np.ndarray)) else 0 for row in rows}
    if len(lengths) > 1:
        raise ErcbenchError(
            f"{path}: predictions of different lengths ({sorted(lengths)[:5]}, 0 for a label); "
            "expected a label each, or as many probabilities as there are labels. Make them alike."
        )
    try:
        if lengths == {0}:
            return GivenPredictions(tuple(keys), tuple(label_text(row) for row in rows))
        return GivenPredictions(tuple(keys), np.array(rows, np.float64))
    except (TypeError, ValueError, OverflowError) as error:
        raise ErcbenchError(
            f"{path}: a prediction is neither a label nor a list of probabilities ({error}). "
            "Correct the file."
        ) from None


def of_mapping(path: Path, content: Mapping[Any, Any]) -> GivenPredictions:
    """Returns predictions by utterance id, or as lists by dialogue, as conv-emotion keeps them.

    A value that is a list is a dialogue's, in the order of its turns, if it is a list of lists or
    if lists are of different lengths or hold labels; lists of numbers of one length that add up
    to 1 are an utterance's probabilities.

    Raises:
        ErcbenchError: It is something else.
    """
    values = {as_text(key): _plain(value) for key, value in content.items()}
    if not values:
        raise ErcbenchError(f"{path}: holds no predictions. Give a file that does.")
    if not _by_dialogue(list(values.values())):
        return of_rows(path, list(values), list(values.values()))
    keys = [(dialogue, turn) for dialogue, own in values.items() for turn in range(len(own))]
    return of_rows(path, keys, [row for own in values.values() for row in own])


def label_text(value: Any) -> str:
    """Returns a label, or an index, as text; `2.0` is `2`.

    Raises:
        ValueError: It is neither text nor a number.
    """
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return as_text(value).strip()


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _by_dialogue(values: Sequence[Any]) -> bool:
    """Whether values are dialogues' lists, and not predictions themselves."""
    if not all(isinstance(value, (list, tuple)) for value in values):
        return False
    shares = all(_are_shares(value) for value in values)
    return not (shares and len({len(value) for value in values}) == 1)


def _are_shares(value: Sequence[Any]) -> bool:
    numbers = all(isinstance(own, (int, float)) for own in value)
    return numbers and len(value) > 1 and abs(sum(value) - 1) < 0.01
