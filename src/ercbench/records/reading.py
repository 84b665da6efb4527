"""Finished runs as they lie in a folder: each one's record and its predictions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.errors import ErcbenchError
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord, Scores

IDENTITY = ("conversation", "turn", "utterance")
COLUMNS = (*IDENTITY, "speaker", "label")


@dataclass(frozen=True)
class StoredRun:
    """A finished run on disk.

    Attributes:
        folder: Where it lies.
        record: What it says of itself.
        utterances: A row per test utterance with the columns of `COLUMNS`, and `text` if recorded.
        probabilities: Output to [N, C]; `final` is the model's answer.
    """

    folder: Path
    record: RunRecord
    utterances: pa.Table
    probabilities: dict[str, np.ndarray]

    def agrees_with(self, other: "StoredRun") -> bool:
        """Whether two runs came to the same scores and probabilities."""
        return self.record.results.test == other.record.results.test and np.array_equal(
            self.probabilities["final"], other.probabilities["final"]
        )


def read_runs(folder: Path) -> tuple[list[StoredRun], list[str]]:
    """Reads all finished runs of a folder, in the order of their names.

    Returns:
        The runs, and a warning for each one that cannot be used.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    if not folder.is_dir():
        raise ErcbenchError(f"No folder '{folder}'. Give the folder of the runs (default: runs).")
    found, warnings = [], []
    for run in (RunFolder(path) for path in sorted(folder.iterdir()) if path.is_dir()):
        try:
            if run.finished:
                found.append(_read(run))
            elif run.config.is_file():
                warnings.append(f"{run.path}: not finished, left out.")
        except ErcbenchError as error:
            warnings.append(f"Left out: {error}")
    if not found:
        said = "".join(f" {warning}" for warning in warnings)
        raise ErcbenchError(
            f"'{folder}' holds no finished run.{said} Train one first: ercbench train model=cfn_esa"
        )
    runs, repeated = _once_each(found)
    return runs, warnings + repeated


def _read(run: RunFolder) -> StoredRun:
    record = run.read(RunRecord)
    tables = {
        output: _read_predictions(run.predictions_of(output), record, own.test)
        for output, own in record.results.outputs.items()
    }
    known = [name for name in (*COLUMNS, "text") if name in tables["final"].column_names]
    probabilities = {output: _probabilities(own, record) for output, own in tables.items()}
    return StoredRun(run.path, record, tables["final"].select(known), probabilities)


def _read_predictions(path: Path, record: RunRecord, scores: Scores | None) -> pa.Table:
    """Reads a file of predictions, which must cover what the recorded scores are about."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise ErcbenchError(f"{path}: cannot be read ({reason}). {_again(path)}") from None
    columns = (*COLUMNS, *(f"p_{label}" for label in record.setup.labels))
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ErcbenchError(f"{path}: no column {', '.join(missing)}. {_again(path)}")
    labels = table["label"].to_pylist()
    found = [labels.count(label) for label in record.setup.labels]
    expected = [sum(row) for row in scores.confusion] if scores else [0] * len(found)
    if found != expected or sum(found) + labels.count(None) != len(labels):
        raise ErcbenchError(
            f"{path}: does not cover the test set: {sum(found)} utterances of the known labels, "
            f"expected {sum(expected)} ({found} per label, expected {expected}). {_again(path)}"
        )
    return table


def _probabilities(table: pa.Table, record: RunRecord) -> np.ndarray:
    columns = [table[f"p_{label}"].to_numpy() for label in record.setup.labels]
    probabilities = np.stack(columns, axis=1).astype(np.float32)
    if not np.isfinite(probabilities).all():
        raise ErcbenchError(
            f"{record.run}: probabilities that are not numbers. Lower model.learning_rate or "
            "clip gradients (model.gradient_clip), and run again."
        )
    return probabilities


def _again(path: Path) -> str:
    return f"Delete {path.parent / 'result.json'} and run again."


def _once_each(runs: list[StoredRun]) -> tuple[list[StoredRun], list[str]]:
    """Keeps one run of each fingerprint; says so if another one has different numbers."""
    kept: dict[str, StoredRun] = {}
    for run in runs:
        kept.setdefault(run.record.fingerprint, run)
    return list(kept.values()), list(_contradictions(runs))


def _contradictions(runs: list[StoredRun]) -> Iterator[str]:
    for one, two in combinations(runs, 2):
        if one.record.fingerprint == two.record.fingerprint and not one.agrees_with(two):
            yield (
                f"SERIOUS: {one.folder} and {two.folder} have the same settings, code and data "
                "but different numbers. Something else decides them; only the first is shown. "
                "Find out what before you trust either."
            )
