"""Predictions brought into the order of a test part, checked."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from ercbench.corpora.conversation import Corpus, first_few
from ercbench.corpora.names import composed
from ercbench.errors import ErcbenchError
from ercbench.records.adding.given import GivenPredictions, Key
from ercbench.records.adding.identifiers import TestUtterances, canonical

# How far probabilities, as people round them in a table, may add up to something else than 1.
TOLERANCE = 0.01
# Digits of a number that is no index of a label.
LONGEST_INDEX = 10


def fit(
    path: Path,
    given: GivenPredictions,
    corpus: Corpus,
    split: str,
    order: Sequence[str] | None,
    warn: Callable[[str], None],
) -> np.ndarray:
    """Returns [N, C] probabilities, or [N] label indices, in the order of the test part.

    Args:
        path: Where they were read, for messages.
        given: The predictions.
        corpus: Whose test part they are of.
        split: Name of one of its splits.
        order: The C labels in the order of indices or columns, where the file does not say.
        warn: Is told what was left out.

    Raises:
        ErcbenchError: An utterance is missing or repeated, labels are unknown, or probabilities
            are none.
    """
    rows = rows_of_test(path, given.keys, corpus, split, warn)
    if isinstance(given.values, tuple):
        return _indices(path, given.values, corpus.labels, order)[rows]
    columns = _columns(path, given.values, given.columns or order, corpus.labels)
    ids = [_said(key) for key in given.keys]
    return checked_probabilities(str(path), columns[rows], [ids[row] for row in rows])


def checked_probabilities(name: str, found: np.ndarray, ids: Sequence[str]) -> np.ndarray:
    """Returns [..., N, C] float32 probabilities, if they add up to 1 but for rounding.

    Args:
        name: Whose, for messages.
        found: Of that shape.
        ids: Of the N utterances.

    Raises:
        ErcbenchError: A row has a NaN or a negative number, or adds up to something else.
    """
    sums = found.sum(-1)
    wrong = ~np.isfinite(sums) | (found < 0).any(-1) | (np.abs(sums - 1) > TOLERANCE)
    if wrong.any():
        *_, row = where = tuple(np.argwhere(wrong)[0].tolist())
        shown = ", ".join(f"{share:g}" for share in found[where])
        raise ErcbenchError(
            f"{name}: {np.count_nonzero(wrong)} row(s) are no probabilities, such as that of "
            f"{ids[row]}: {shown}, which add up to {sums[where]:g}; expected shares from 0 to 1 "
            "that add up to 1. Apply a softmax to logits, or give labels alone."
        )
    return (found / sums[..., None]).astype(np.float32)


def rows_of_test(
    path: Path, keys: Sequence[Key], corpus: Corpus, split: str, warn: Callable[[str], None]
) -> list[int]:
    """Returns for each test utterance the row of the file; arguments as in `fit`.

    Raises:
        ErcbenchError: An utterance is missing or repeated.
    """
    tested = set(corpus.split(split).test)
    test = TestUtterances([own for own in corpus.conversations if own.id in tested])
    _check_lengths(path, keys, test)
    found: dict[int, list[int]] = {}
    strangers = []
    for number, key in enumerate(keys):
        row = test.row(key)
        if row is None:
            strangers.append(_said(key))
        else:
            found.setdefault(row, []).append(number)
    names = [test.ids[row] for row, numbers in found.items() if len(numbers) > 1]
    missing = [id for row, id in enumerate(test.ids) if row not in found]
    where = f"the test part of {corpus.name}, split {split}"
    unknown = (
        f"; {len(strangers)} ids are not of it: {first_few(strangers, 3)}" if strangers else ""
    )
    if missing:
        raise ErcbenchError(
            f"{path}: no prediction for {len(missing)} of {len(test.ids)} utterances of {where}: "
            f"{first_few(missing, 3)}{unknown}. Predict every one, or set dataset.split to the "
            "split that was tested on."
        )
    if names:
        raise ErcbenchError(
            f"{path}: {len(names)} utterances have more than one prediction: "
            f"{first_few(names, 3)}. Keep one row for each, and the test part alone."
        )
    if strangers:
        warn(f"{path}: {_count(strangers, corpus)} left out: {first_few(strangers, 3)}")
    return [found[row][0] for row in range(len(test.ids))]


def _check_lengths(path: Path, keys: Iterable[Key], test: TestUtterances) -> None:
    given = Counter(key[0] for key in keys if isinstance(key, tuple))
    for dialogue, count in given.items():
        length = test.length(dialogue)
        if length not in (None, count):
            raise ErcbenchError(
                f"{path}: dialogue '{dialogue}' has {count} predictions and {length} utterances; "
                "expected one for each, in order. Give ids of utterances instead."
            )


def _count(strangers: Sequence[str], corpus: Corpus) -> str:
    """Returns how many ids are of other parts of the corpus, and how many of none."""
    others = {canonical(utterance.id) for utterance in corpus.utterances()}
    known = sum(canonical(id) in others for id in strangers)
    told = [f"{known} utterances of other parts"] if known else []
    if len(strangers) > known:
        told.append(f"{len(strangers) - known} unknown ids")
    return " and ".join(told)


def _indices(
    path: Path, said: Sequence[str], labels: Sequence[str], order: Sequence[str] | None
) -> np.ndarray:
    """Returns [N] label indices of labels, or of their indices in another order."""
    numbers = {_plain(label): index for index, label in enumerate(labels)}
    if {_plain(own) for own in said} <= numbers.keys():
        return np.array([numbers[_plain(own)] for own in said])
    unknown = sorted({own for own in said if _plain(own) not in numbers})
    if not all(own.isdecimal() and len(own) < LONGEST_INDEX for own in said):
        raise ErcbenchError(
            f"{path}: unknown label(s) {first_few([repr(own) for own in unknown], 3)}; expected "
            f"{', '.join(labels)}. Write the labels so."
        )
    places = _places(path, order, labels)
    if max(map(int, said)) >= len(places):
        raise ErcbenchError(
            f"{path}: found the index {max(map(int, said))}; expected 0 to {len(places) - 1}, one "
            f"of {len(places)} labels. Count them from 0."
        )
    return np.array([places[int(own)] for own in said])


def _columns(
    path: Path, values: np.ndarray, order: Sequence[str] | None, labels: Sequence[str]
) -> np.ndarray:
    """Returns [N, C] values with their columns in the order of the labels."""
    if values.ndim != 2 or values.shape[1] != len(labels):
        raise ErcbenchError(
            f"{path}: probabilities of shape {list(values.shape)}; expected {len(labels)} for each "
            f"utterance, of {', '.join(labels)}. Write them so."
        )
    return values[:, np.argsort(_places(path, order, labels))]


def _places(path: Path, order: Sequence[str] | None, labels: Sequence[str]) -> list[int]:
    """Returns for each place in the file's order of labels the label's index."""
    if order is None:
        raise ErcbenchError(
            f"{path}: has indices or columns of labels, but not which labels they are. Set "
            f"labels=[{','.join(labels)}] in the order of the file."
        )
    numbers = {_plain(label): index for index, label in enumerate(labels)}
    if sorted(map(_plain, order)) != sorted(numbers):
        raise ErcbenchError(
            f"{path}: labels {', '.join(order)}; expected {', '.join(labels)}, each once, in the "
            "order of the file. Set labels=[…] so."
        )
    return [numbers[_plain(label)] for label in order]


def _plain(label: str) -> str:
    return composed(label).strip().casefold()


def _said(key: Key) -> str:
    return key if isinstance(key, str) else f"{key[0]} turn {key[1]}"
