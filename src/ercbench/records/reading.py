"""Run records as they lie in a folder: what each run was asked, and what it answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.errors import ErcbenchError
from ercbench.records.run_folder import RunFolder

Result = dict[str, Any]

QUESTION = ("conversation", "turn", "utterance", "speaker", "label")
NEEDED = (
    *("run", "fingerprint", "model", "corpus", "simulated", "split", "features", "labels"),
    *("seed", "leaks", "settings", "code", "best_epoch", "epochs"),
)
NEEDED_SCORES = (
    *("accuracy", "weighted_f1", "macro_f1", "shift_f1", "stay_f1"),
    *("class_f1", "confusion"),
)


@dataclass(frozen=True)
class Record:
    """A finished run.

    Attributes:
        folder: Where it lies.
        result: The contents of `result.json`.
        asked: A row per test utterance with the columns of `QUESTION`, and `text` if recorded.
        answers: Output to [N, C] probabilities; `final` is the model's answer.
    """

    folder: Path
    result: Result
    asked: pa.Table
    answers: dict[str, np.ndarray]

    def agrees_with(self, other: "Record") -> bool:
        """Whether two runs came to the same scores and probabilities."""
        return self.result["test"] == other.result["test"] and np.array_equal(
            self.answers["final"], other.answers["final"]
        )


def scores_of(result: Result, output: str = "final") -> dict[str, Any]:
    """Returns the test scores of one output of a run."""
    return result["test"] if output == "final" else result["outputs"][output]["test"]


def read_records(folder: Path) -> tuple[list[Record], list[str]]:
    """Reads all finished runs of a folder, in the order of their names.

    Returns:
        The records, and a warning for each one that cannot be used.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    if not folder.is_dir():
        raise ErcbenchError(f"No folder '{folder}'. Give the folder of the runs (default: runs).")
    records, warnings = [], []
    for run in (RunFolder(path) for path in sorted(folder.iterdir()) if path.is_dir()):
        try:
            if run.finished:
                records.append(_read(run))
            elif run.config.is_file():
                warnings.append(f"{run.path}: not finished, left out.")
        except ErcbenchError as error:
            warnings.append(f"Left out: {error}")
    if not records:
        found = "".join(f" {warning}" for warning in warnings)
        raise ErcbenchError(
            f"'{folder}' holds no finished run.{found} "
            "Train one first: ercbench train model=cfn_esa"
        )
    records, repeated = _once_each(records)
    return records, warnings + repeated


def _read(run: RunFolder) -> Record:
    result = run.read_result()
    _check(run, result)
    table = _read_predictions(run.predictions, result, "final")
    known = [name for name in (*QUESTION, "text") if name in table.column_names]
    answers = {"final": _probabilities(table, result)}
    for output in result["outputs"]:
        path = run.predictions.with_stem(f"{run.predictions.stem}-{output}")
        answers[output] = _probabilities(_read_predictions(path, result, output), result)
    return Record(run.path, result, table.select(known), answers)


def _check(run: RunFolder, result: Result) -> None:
    """Refuses a record that lacks something every record of this version has."""
    try:
        missing = _lacking(result)
    except (AttributeError, KeyError, TypeError) as error:
        missing = [f"its form ({type(error).__name__}: {error})"]
    if missing:
        raise ErcbenchError(
            f"{run.result}: damaged or of another version, it lacks {', '.join(missing)}. "
            "Delete the file and run again."
        )


def _lacking(result: Result) -> list[str]:
    missing = [name for name in NEEDED if name not in result]
    if "manifest" not in result["data"]:
        missing.append("data.manifest")
    for output in ("final", *result["outputs"]):
        scores = scores_of(result, output)
        missing += [f"{output}: {name}" for name in NEEDED_SCORES if name not in scores]
    return missing


def _read_predictions(path: Path, result: Result, output: str) -> pa.Table:
    """Reads a file of predictions, which must cover what the recorded scores are about."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise ErcbenchError(f"{path}: cannot be read ({reason}). {_again(path)}") from None
    columns = (*QUESTION, *(f"p_{label}" for label in result["labels"]))
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ErcbenchError(f"{path}: no column {', '.join(missing)}. {_again(path)}")
    labels = table["label"].to_pylist()
    found = [labels.count(label) for label in result["labels"]]
    expected = np.sum(scores_of(result, output)["confusion"], axis=1).tolist()
    if found != expected or sum(found) + labels.count(None) != len(labels):
        raise ErcbenchError(
            f"{path}: does not cover the test set: {sum(found)} utterances of the known labels, "
            f"expected {sum(expected)} ({found} per label, expected {expected}). {_again(path)}"
        )
    return table


def _probabilities(table: pa.Table, result: Result) -> np.ndarray:
    columns = [table[f"p_{label}"].to_numpy() for label in result["labels"]]
    probabilities = np.stack(columns, axis=1).astype(np.float32)
    if not np.isfinite(probabilities).all():
        raise ErcbenchError(
            f"{result['run']}: probabilities that are not numbers. Lower model.learning_rate or "
            "clip gradients (model.gradient_clip), and run again."
        )
    return probabilities


def _again(path: Path) -> str:
    return f"Delete {path.parent / 'result.json'} and run again."


def _once_each(records: list[Record]) -> tuple[list[Record], list[str]]:
    """Keeps one run of each fingerprint; says so if another one has different numbers."""
    kept: dict[str, Record] = {}
    for record in records:
        kept.setdefault(record.result["fingerprint"], record)
    return list(kept.values()), list(_contradictions(records))


def _contradictions(records: list[Record]) -> Iterator[str]:
    for one, two in combinations(records, 2):
        if one.result["fingerprint"] == two.result["fingerprint"] and not one.agrees_with(two):
            yield (
                f"SERIOUS: {one.folder} and {two.folder} have the same settings, code and data "
                "but different numbers. Something else decides them; only the first is shown. "
                "Find out what before you trust either."
            )
