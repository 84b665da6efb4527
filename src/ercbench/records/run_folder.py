"""The record a run leaves: one folder per fingerprint."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from ercbench.errors import ErcbenchError
from ercbench.files import replacing


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
            ErcbenchError: Another process is at work in the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=0):
                yield
        except Timeout:
            raise ErcbenchError(
                f"{self.path}: another process is running this very run. Wait for it, or change "
                "the seed or a setting."
            ) from None

    def write_predictions(self, rows: list[dict[str, Any]], output: str = "final") -> None:
        """Writes a row per test utterance, for the model's answer or for another output."""
        path = self.predictions
        if output != "final":
            path = path.with_stem(f"{path.stem}-{output}")
        with replacing(path) as temporary:
            pq.write_table(pa.Table.from_pylist(rows), temporary)

    def write_result(self, result: dict[str, Any]) -> None:
        """Writes the result, which marks the run as finished."""
        with replacing(self.result) as temporary:
            temporary.write_text(json.dumps(_without_nan(result), indent=2) + "\n")

    def read_result(self) -> dict[str, Any]:
        """Reads the result of a finished run.

        Raises:
            ErcbenchError: The file is damaged.
        """
        try:
            result = json.loads(self.result.read_text())
            result["test"]["weighted_f1"], result["outputs"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ErcbenchError(
                f"{self.result}: damaged or of another version ({type(error).__name__}: {error}). "
                "Delete the file and run again."
            ) from None
        return result


def _without_nan(value: Any) -> Any:
    """Replaces NaN, which JSON does not know, by None."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
