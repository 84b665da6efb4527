"""The record a run leaves: one folder per fingerprint."""

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

import ercbench
from ercbench.errors import ErcbenchError
from ercbench.files import replacing, sha256_of_text

# The rooms whose code decides a run's numbers.
CODE = ("corpora", "features", "data", "models", "training")


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


def fingerprint(config: dict[str, Any], data: dict[str, Any]) -> str:
    """Returns 12 hexadecimal digits that stand for settings, code and data.

    Args:
        config: The resolved settings that decide the numbers.
        data: Hashes of the data.
    """
    parts = {"config": config, "data": data, "code": code_version()}
    return sha256_of_text(json.dumps(parts, sort_keys=True))[:12]


@cache
def code_version() -> str:
    """Returns 12 hexadecimal digits that stand for the code that decides a run's numbers.

    Read once: what a process runs does not change when its files do.
    """
    root = Path(ercbench.__file__).parent
    digest = hashlib.sha256(ercbench.__version__.encode())
    for room in CODE:
        for path in sorted((root / room).rglob("*.py")) or [root / room]:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _without_nan(value: Any) -> Any:
    """Replaces NaN, which JSON does not know, by None."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
