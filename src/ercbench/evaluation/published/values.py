"""What the papers say of their models, and how near the code here is to theirs."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


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
        row: What the paper calls the row.
        source: Where the number was found, and what is odd about it.
    """

    model: str
    modalities: str
    corpus: str
    classes: int
    score: str
    value: float
    row: str
    source: str


def published(model: str, features: tuple[str, ...], corpus: str, classes: int) -> list[Published]:
    """Returns what is published of a model on a corpus, seeing one modality or several.

    Args:
        model: Name of the model.
        features: Names of the feature sets, `text:minilm`.
        corpus: Name of the corpus.
        classes: Number of labels.
    """
    modalities = {key.split(":")[0] for key in features}
    seen = "several" if len(modalities) > 1 else next(iter(modalities))
    return [
        entry
        for entry in _read()
        if (entry.model, entry.modalities, entry.corpus, entry.classes)
        == (model, seen, corpus, classes)
    ]


@cache
def _read() -> tuple[Published, ...]:
    text = (files("ercbench.evaluation.published") / "published.csv").read_text()
    return tuple(
        Published(
            row["model"],
            row["modalities"],
            row["corpus"],
            int(row["classes"]),
            row["score"],
            float(row["value"]) / 100,
            row["row"],
            row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )
