"""What the papers say of their models, and what kind of number that is."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal


@dataclass(frozen=True)
class Published:
    """A number in a paper.

    Attributes:
        model: Name of the model here.
        modalities: `several`, or the one that this row of the paper sees.
        corpus: Name of the corpus.
        classes: Number of labels.
        score: `accuracy`, `weighted_f1` or `macro_f1`.
        value: A share of 1.
        kind: Of how many trainings it is: their `mean`, the `best` of them, a `single` one, or
            `unknown`.
        runs: How many trainings; None where nobody says.
        selection: The part on which the epoch was chosen: `validation`, `test` or `unknown`.
        split: Name, here, of the split that the paper used.
        row: What the paper calls the row.
        source: Where the number was found, and what is odd about it.
    """

    model: str
    modalities: str
    corpus: str
    classes: int
    score: str
    value: float
    kind: Literal["mean", "best", "single", "unknown"]
    runs: int | None
    selection: Literal["validation", "test", "unknown"]
    split: str
    row: str
    source: str

    @property
    def statistic(self) -> str:
        """Its kind in words: `best of 5 runs`."""
        words = {"single": "single run", "best": "best", "mean": "mean"}
        of_runs = f" of {self.runs} runs" if self.runs else ""
        return words.get(self.kind, "unknown") + of_runs


def published(model: str, features: Sequence[str], corpus: str, classes: int) -> list[Published]:
    """Returns what is published of a model on a corpus, seeing one modality or several.

    Args:
        model: Name of the model.
        features: Names of the feature sets, `text:minilm`.
        corpus: Name of the corpus.
        classes: Number of labels.
    """
    wanted = (model, modalities_seen(features), corpus, classes)
    return [
        entry
        for entry in _read()
        if (entry.model, entry.modalities, entry.corpus, entry.classes) == wanted
    ]


def modalities_seen(features: Sequence[str]) -> str:
    """Returns `several`, or the one modality of these feature sets."""
    modalities = {key.split(":")[0] for key in features}
    return "several" if len(modalities) > 1 else next(iter(modalities))


@cache
def _read() -> tuple[Published, ...]:
    text = (files("ercbench.evaluation.published") / "published.csv").read_text()
    return tuple(map(_entry, csv.DictReader(text.splitlines())))


def _entry(row: dict[str, Any]) -> Published:
    numbers = {
        "classes": int(row["classes"]),
        "value": float(row["value"]) / 100,
        "runs": int(row["runs"]) if row["runs"] else None,
    }
    return Published(**row | numbers)
