"""`crossfit.json`: which encoder of a cross-fitted run has not seen which conversations."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.files import replacing

BEST = Path("checkpoints", "best.ckpt")
# In the folder of the whole encoder.
FILE = "crossfit.json"


@dataclass(frozen=True)
class Fold:
    """An encoder and the training conversations whose labels it has not seen.

    Attributes:
        checkpoint: Of the encoder.
        held_out: Ids of conversations.
    """

    checkpoint: Path
    held_out: frozenset[str]


def write_crossfit(folder: Path, others: Sequence[Path], held_out: Sequence[Sequence[str]]) -> Path:
    """Writes which encoder has not seen which conversations; returns the file."""
    path = folder / FILE
    folds = [
        {"checkpoint": f"../{other.name}/{BEST}", "held_out": list(ids)}
        for other, ids in zip(others, held_out, strict=True)
    ]
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"folds": folds}, indent=1) + "\n")
    return path


def read_folds(path: Path) -> list[Fold]:
    """Reads the folds of a `crossfit.json`.

    Raises:
        ErcbenchError: It is no list of folds, names anything but checkpoints of runs beside its
            own, does not lie in its run's folder, or holds a conversation out twice.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_folds(path, type(error).__name__) from None
    listed = content.get("folds") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed or not all(map(_is_fold, listed)):
        raise _no_folds(path, "other contents")
    if not (path.parent / BEST).is_file():
        raise ErcbenchError(
            f"{path}: no {BEST} lies beside it. Give it where ercbench finetune folds=5 wrote it."
        )
    folds = [Fold(_checkpoint(path, f["checkpoint"]), frozenset(f["held_out"])) for f in listed]
    counts = Counter(id for fold in folds for id in fold.held_out)
    twice = [id for id, count in counts.items() if count > 1]
    if twice:
        raise ErcbenchError(
            f"{path}: conversation '{twice[0]}' is held out of two folds; expected one. Run "
            "ercbench finetune folds=5 again."
        )
    return folds


def _no_folds(path: Path, found: str) -> ErcbenchError:
    return ErcbenchError(
        f"{path}: not a list of folds ({found}). Give the crossfit.json that ercbench finetune "
        "folds=5 wrote."
    )


def _is_fold(fold: Any) -> bool:
    if not isinstance(fold, dict) or not isinstance(fold.get("checkpoint"), str):
        return False
    held_out = fold.get("held_out")
    return isinstance(held_out, list) and all(isinstance(id, str) for id in held_out)


def _checkpoint(path: Path, named: str) -> Path:
    """Returns the checkpoint of a fold, `../<run>/checkpoints/best.ckpt`."""
    parts = Path(named).parts
    checkpoint = path.parent / named
    if len(parts) != 4 or parts[0] != ".." or Path(*parts[2:]) != BEST or ".." in parts[1:]:
        raise ErcbenchError(
            f"{path}: names the checkpoint '{named}'; expected ../<run>/{BEST}. Give the "
            "crossfit.json that ercbench finetune folds=5 wrote."
        )
    if not checkpoint.is_file():
        raise ErcbenchError(
            f"{path}: names {checkpoint}, which is not there. Keep the runs of all folds beside "
            "each other, or run ercbench finetune folds=5 again."
        )
    return checkpoint
