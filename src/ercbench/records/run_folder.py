"""The record a run leaves: one folder per fingerprint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from ercbench.errors import ErcbenchError
from ercbench.files import replacing, sha256_of_file
from ercbench.records.evaluation_record import EvaluationRecord
from ercbench.records.result_file import (
    AnyRecord,
    Record,
    read_answers,
    read_any_record,
    read_record,
    write_record,
)
from ercbench.records.run_record import EncoderRecord, RunRecord


class BusyError(ErcbenchError):
    """Another process is at work in a run's folder."""


class RunFolder:
    """A run's folder: settings, result, predictions, metrics per epoch and checkpoints.

    Args:
        path: Where it is or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.result = path / "result.json"
        self.predictions = path / "predictions.parquet"
        self.metrics = path / "metrics.csv"
        self.checkpoints = path / "checkpoints"
        self.last = self.checkpoints / "last.ckpt"
        self.best = self.checkpoints / "best.ckpt"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end; the result is written last."""
        return self.result.is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process out of the folder; the lock dies with the process.

        Raises:
            BusyError: Another process is at work in the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = self.path / ".lock"
        try:
            with FileLock(lock, timeout=0):
                yield
        except Timeout:
            raise BusyError(
                f"{self.path}: another process is running this very run{_holder(lock)}. Wait for "
                "it, or change the seed or a setting."
            ) from None

    def forget(self) -> None:
        """Lets a run begin anew.

        Raises:
            BusyError: Another process is at work in the folder.
        """
        with self.locked():
            for outdated in (self.result, self.last):
                outdated.unlink(missing_ok=True)

    def predictions_of(self, output: str) -> Path:
        """Returns the file with the predictions of an output."""
        if output == "final":
            return self.predictions
        return self.predictions.with_stem(f"{self.predictions.stem}-{output}")

    def write_predictions(self, rows: list[dict[str, Any]], output: str = "final") -> None:
        """Writes a row per test utterance, for the model's answer or for another output."""
        with replacing(self.predictions_of(output)) as temporary:
            pq.write_table(pa.Table.from_pylist(rows), temporary, write_page_checksum=True)

    def write(self, record: Record) -> None:
        """Writes the record, which marks the run as finished."""
        write_record(self.result, record)

    def read(self, kind: type[AnyRecord]) -> AnyRecord:
        """Reads the record of a finished run.

        Raises:
            ErcbenchError: The file is damaged, of another version or of another kind.
        """
        return read_record(self.result, kind)

    def read_evaluation(self) -> EvaluationRecord:
        """Reads the record of an evaluation.

        Raises:
            ErcbenchError: The file is damaged, of another version or of another kind.
        """
        record = read_answers(self.result)
        assert isinstance(record, EvaluationRecord), "its name says so"
        return record

    def read_any(self) -> Record:
        """Reads the record of a finished run of any kind.

        Raises:
            ErcbenchError: The file is damaged or of another version.
        """
        return read_any_record(self.result)

    def check_best(self) -> None:
        """Checks that the best checkpoint is the one that the record is about.

        Raises:
            ErcbenchError: It is not there, its bytes have changed, or the record is damaged.
        """
        record = self.read_any()
        if not isinstance(record, (RunRecord, EncoderRecord)):
            raise ErcbenchError(
                f"{self.path}: holds no checkpoint, but predictions alone. Give a run of ercbench "
                "train."
            )
        expected = record.results.checkpoint_sha256
        if not self.best.is_file() or sha256_of_file(self.best) != expected:
            raise ErcbenchError(
                f"{self.best}: absent, or not the checkpoint that {self.result.name} is about. Run "
                "again: force=true."
            )


def _holder(lock: Path) -> str:
    """Returns who holds a lock, where the file system has no locks and a file stands for one."""
    try:
        process, host, *_ = lock.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return ""
    return f" (process {process} on {host}; if that is gone, delete {lock})"
