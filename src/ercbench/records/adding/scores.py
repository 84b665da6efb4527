"""Predicted scores as a file gives them, in the order of a test part."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.community.plain import as_text
from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.records.adding.files import MMSA_IDS, MMSA_SCORES, Table, keys_of, read_content
from ercbench.records.adding.fitting import rows_of_test
from ercbench.records.adding.given import Key

SCORE_NAMES = ("predicted_score", "score", "predicted", "prediction", "pred", "preds", "y_pred")


def read_scores(path: Path, corpus: Corpus, split: str, warn: Callable[[str], None]) -> np.ndarray:
    """Returns [N, 1] predicted scores, in the order of the test part.

    Args:
        path: A csv, tsv or parquet with a row per utterance, its id and a score in one of the
            columns `SCORE_NAMES`; or a json or pickle with a dict of utterance to score, or MMSA's
            of a test.
        corpus: Whose test part they are of.
        split: Name of one of its splits.
        warn: Is told what was left out.

    Raises:
        ErcbenchError: The file cannot be read, an utterance is missing or repeated, or a score is
            no number.
    """
    keys, said = _said(path, read_content(path))
    scores = np.array([_number(path, value) for value in said], np.float32)
    rows = rows_of_test(path, keys, corpus, split, warn)
    return checked_scores(str(path), scores[rows, None], [str(keys[row]) for row in rows])


def checked_scores(name: str, found: np.ndarray, ids: Sequence[str]) -> np.ndarray:
    """Returns [..., N, 1] scores, if all are numbers.

    Args:
        name: Whose, for messages.
        found: Of that shape.
        ids: Of the N utterances.

    Raises:
        ErcbenchError: One is NaN or infinite.
    """
    wrong = ~np.isfinite(found[..., 0])
    if wrong.any():
        row = int(np.argwhere(wrong)[0][-1])
        raise ErcbenchError(
            f"{name}: the score of {ids[row]} is no number; expected one from -3 to 3. Correct it."
        )
    return found


def _said(path: Path, content: Table | Any) -> tuple[Sequence[Key], Sequence[Any]]:
    """Returns ids and scores."""
    if path.suffix in (".csv", ".tsv", ".parquet"):
        names = {name.casefold(): name for name in content}
        name = next((names[own] for own in SCORE_NAMES if own in names), None)
        if name is None:
            raise ErcbenchError(
                f"{path}: its columns ({', '.join(list(content)[:8])}) have no scores; expected "
                f"one of {', '.join(SCORE_NAMES)}. Rename the column."
            )
        return keys_of(path, content, names), content[name]
    if not isinstance(content, Mapping) or not content:
        raise ErcbenchError(
            f"{path}: expected a dict of utterance to score, or MMSA's of a test with {MMSA_IDS} "
            f"and {MMSA_SCORES}. Save it so."
        )
    if {MMSA_IDS, MMSA_SCORES} <= set(content):
        ids, scores = list(content[MMSA_IDS]), np.ravel(content[MMSA_SCORES]).tolist()
        if len(ids) != len(scores):
            raise ErcbenchError(f"{path}: {len(ids)} ids and {len(scores)} scores. Correct it.")
        return [as_text(id) for id in ids], scores
    return [as_text(id) for id in content], list(content.values())


def _number(path: Path, value: Any) -> float:
    try:
        return float(np.asarray(value, np.float64).reshape(()))
    except (TypeError, ValueError):
        raise ErcbenchError(
            f"{path}: found {value!r:.40} where a score was expected. Correct that row."
        ) from None
