"""Finished runs as they lie in a folder: each one's record and its predictions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.errors import ErcbenchError
from ercbench.metrics import labelled, previous_labels
from ercbench.records.added_record import AddedRecord, AddedSetup
from ercbench.records.evaluation_record import EvaluationSetup
from ercbench.records.prediction_rows import PREDICTED_SCORE
from ercbench.records.result_file import AnswersRecord, read_answers
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord, RunSetup
from ercbench.records.scores import Scores, score

AnySetup = RunSetup | AddedSetup | EvaluationSetup
"""What a record of answers to a test part says of them."""

IDENTITY = ("conversation", "turn", "utterance")
COLUMNS = (*IDENTITY, "speaker", "label")
# Where scores were predicted.
TRUE_SCORE = "score"
# How far rounding may move the sum of probabilities from 1, and a score.
TOLERANCE, SCORE_TOLERANCE = 1e-3, 1e-4


@dataclass(frozen=True)
class StoredRun:
    """A finished run on disk, or predictions that were added.

    Attributes:
        folder: Where it lies.
        record: What it says of itself.
        utterances: A row per test utterance with the columns of `COLUMNS`, and `text` if recorded.
        probabilities: Output to [N, C]; `final` is the model's answer. 1 and 0 where labels alone
            were added; [N, 1], the scores, where these were predicted.
        scores: Output to its scores on test, computed from these.
    """

    folder: Path
    record: AnswersRecord
    utterances: pa.Table
    probabilities: dict[str, np.ndarray]
    scores: dict[str, Scores]

    @property
    def labels_only(self) -> bool:
        """Whether these answers are labels without probabilities."""
        return _labels_only(self.record)

    def agrees_with(self, other: "StoredRun") -> bool:
        """Whether two runs came to the same scores and probabilities."""
        return self.utterances["label"].equals(other.utterances["label"]) and np.array_equal(
            self.probabilities["final"], other.probabilities["final"]
        )


def check_runs(folder: Path) -> None:
    """Checks that there is a folder of runs.

    Raises:
        ErcbenchError: There is nothing, or a file.
    """
    if folder.is_dir():
        return
    found = f"'{folder}': found a file, no folder" if folder.exists() else f"No folder '{folder}'"
    raise ErcbenchError(f"{found}. Give the folder of the runs (default: runs).")


def read_runs(folder: Path) -> tuple[list[StoredRun], list[str]]:
    """Reads all finished runs of a folder, in the order of their names.

    Returns:
        The runs, and a warning for each one that cannot be used.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    check_runs(folder)
    found, warnings = [], []
    for run in (RunFolder(path) for path in sorted(folder.iterdir()) if path.is_dir()):
        try:
            if run.finished:
                found.append(read_run(run))
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


def read_run(run: RunFolder) -> StoredRun:
    """Reads a finished run, or predictions that were added.

    Raises:
        ErcbenchError: Its record or its predictions are damaged or contradict each other.
    """
    record = read_answers(run.result)
    if isinstance(record, RunRecord) and not record.setup.reads_test:
        raise ErcbenchError(
            f"{run.path}: a trial, whose test part was not read (protocol.test=false). Train the "
            "setting that its study chose: experiment=tuned/STUDY"
        )
    tables, probabilities, scores = {}, {}, {}
    for output, recorded in record.tests.items():
        path = run.predictions_of(output)
        tables[output] = _read_predictions(path, record)
        probabilities[output] = _probabilities(path, tables[output], record)
        scores[output] = _scores(path, tables[output], probabilities[output], record)
        _check_scores(path, scores[output], recorded)
    wanted = (*COLUMNS, "text", *_true_score(record))
    known = [name for name in wanted if name in tables["final"].column_names]
    return StoredRun(run.path, record, tables["final"].select(known), probabilities, scores)


def _read_predictions(path: Path, record: AnswersRecord) -> pa.Table:
    """Reads a file of predictions.

    Raises:
        ErcbenchError: It is damaged or is about other labels.
    """
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        table.validate(full=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ErcbenchError(f"{path}: cannot be read ({reason}). {_again(path)}") from None
    columns = (*COLUMNS, *_true_score(record), *_said(record))
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ErcbenchError(f"{path}: no column {', '.join(missing)}. {_again(path)}")
    foreign = set(table["label"].to_pylist()) - {None, *record.setup.labels}
    if foreign:
        raise ErcbenchError(
            f"{path}: unknown label '{min(map(str, foreign))}'; expected one of "
            f"{', '.join(record.setup.labels)}. {_again(path)}"
        )
    return table


def _probabilities(path: Path, table: pa.Table, record: AnswersRecord) -> np.ndarray:
    """Returns the [N, C] probabilities of a file; 1 for the label where it has labels alone.

    Raises:
        ErcbenchError: They are none.
    """
    if _labels_only(record):
        return _certain(path, table["predicted"].to_pylist(), record.setup.labels)
    columns = [table[name] for name in _said(record)]
    odd = [str(column.type) for column in columns if not pa.types.is_floating(column.type)]
    if odd:
        raise ErcbenchError(f"{path}: probabilities of type {odd[0]}. {_again(path)}")
    found = np.stack([column.to_numpy() for column in columns], axis=1).astype(np.float32)
    if not np.isfinite(found).all():
        raise ErcbenchError(
            f"{path}: probabilities that are not numbers. Lower model.learning_rate or "
            "clip gradients (model.gradient_clip), and run again."
        )
    if record.setup.target == "score":
        return found
    wrong = (found < 0).any(1) | (found > 1 + TOLERANCE).any(1)
    wrong |= np.abs(found.sum(1) - 1) > TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        raise ErcbenchError(
            f"{path}: row {row + 1} has the probabilities {', '.join(f'{p:g}' for p in found[row])}"
            f"; expected shares that add up to 1. {_again(path)}"
        )
    return found


def _said(record: AnswersRecord) -> list[str]:
    """Returns the columns of the answers."""
    if record.setup.target == "score":
        return [PREDICTED_SCORE]
    return ["predicted"] if _labels_only(record) else [f"p_{own}" for own in record.setup.labels]


def _true_score(record: AnswersRecord) -> tuple[str, ...]:
    return (TRUE_SCORE,) if record.setup.target == "score" else ()


def true_scores(table: pa.Table) -> np.ndarray | None:
    """Returns the [N] true scores of utterances, NaN where there is none; None of labels."""
    if TRUE_SCORE not in table.column_names:
        return None
    return table[TRUE_SCORE].cast(pa.float64()).to_numpy()


def _labels_only(record: AnswersRecord) -> bool:
    return isinstance(record, AddedRecord) and record.setup.labels_only


def _certain(path: Path, predicted: list[str], labels: tuple[str, ...]) -> np.ndarray:
    foreign = set(predicted) - set(labels)
    if foreign:
        raise ErcbenchError(
            f"{path}: predicted '{min(map(str, foreign))}'; expected one of {', '.join(labels)}. "
            f"{_again(path)}"
        )
    return np.eye(len(labels), dtype=np.float32)[[labels.index(own) for own in predicted]]


def _scores(
    path: Path, table: pa.Table, probabilities: np.ndarray, record: AnswersRecord
) -> Scores:
    """Returns the scores of predictions.

    Raises:
        ErcbenchError: There are no labels, so that there are none.
    """
    index = {label: number for number, label in enumerate(record.setup.labels)}
    truth = np.array([index.get(label, -1) for label in table["label"].to_pylist()], np.int64)
    conversations, speakers = (
        np.array(table[name].to_pylist(), dtype=str) for name in ("conversation", "speaker")
    )
    previous = previous_labels(conversations, speakers, truth)
    own = true_scores(table) if record.setup.target == "score" else None
    found = score(labelled(truth, probabilities, previous, own), _labels_only(record))
    if found is None:
        raise ErcbenchError(f"{path}: no labels, no scores; its predictions can still be used.")
    return found


def _check_scores(path: Path, found: Scores, recorded: Scores | None) -> None:
    """Refuses predictions whose scores are not those that were recorded when they were made.

    Raises:
        ErcbenchError: They are others.
    """
    if recorded is None:
        raise ErcbenchError(f"{path}: has labels, but its record says there are none.")
    differing = found.differences(recorded, SCORE_TOLERANCE)
    if differing:
        name, both = differing[0], ""
        if name in found.values:
            both = f" ({found[name]:.4f}, recorded {recorded[name]:.4f})"
        raise ErcbenchError(
            f"{path}: contradicts its record: {', '.join(differing)} of these predictions differ "
            f"from what result.json says{both}; one of the two was changed. {_again(path)}"
        )


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
