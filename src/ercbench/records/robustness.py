"""What a run answers where its inputs are damaged: a record and predictions in its folder.

`<run>/robust/<damage>.json` says what was asked and the scores; the `.parquet` beside it has the
probabilities, the truth of every score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from ercbench.data.damage import Damage
from ercbench.errors import ErcbenchError
from ercbench.files import replacing
from ercbench.metrics import Target
from ercbench.records.prediction_rows import PREDICTED_SCORE
from ercbench.records.versioned import read_versioned

# Goes up whenever an earlier record can no longer be read as it is, or what is drawn changes.
VERSION = 1
FOLDER = "robust"
AGAIN = "Delete it and run ercbench robust again."


@dataclass(frozen=True)
class DamagedScores:
    """The scores at one level of damage in one draw.

    Attributes:
        level: The rate; or the ratio in dB, None for no noise.
        draw: Number of the draw, from 0.
        missing: Share of the test utterances that lack the modality.
        scores: Metric to score on the test part, None where not defined.
    """

    level: float | None
    draw: int
    missing: float
    scores: dict[str, float | None]


@dataclass(frozen=True)
class RobustnessRecord:
    """What a run answered to a test part that was damaged in one way.

    Attributes:
        run: Name of the run's folder.
        checkpoint_sha256: Of the weights that answered.
        damage: How its test part was damaged.
        labels: Label names, in the order of the probabilities.
        answers: By level from the least damage on, and by draw.
        target: Whether labels or scores were predicted.
    """

    run: str
    checkpoint_sha256: str
    damage: Damage
    labels: tuple[str, ...]
    answers: tuple[DamagedScores, ...]
    target: Target = "labels"
    kind: Literal["robustness"] = "robustness"
    version: int = VERSION


Answered = Mapping[tuple[float, int], np.ndarray]
"""(level, draw) to [N, C] probabilities of a test part."""


@dataclass(frozen=True)
class Answers:
    """A record and its predictions.

    Attributes:
        record: What was asked and the scores.
        probabilities: In the order of the record's answers.
    """

    record: RobustnessRecord
    probabilities: Answered

    @property
    def utterances(self) -> int:
        """N."""
        return len(next(iter(self.probabilities.values())))

    @property
    def scores(self) -> dict[tuple[float, int], DamagedScores]:
        """(level, draw) to the scores."""
        return dict(zip(self.probabilities, self.record.answers, strict=True))


def write_answers(run: Path, answers: Answers, utterances: list[str]) -> None:
    """Writes a record and its predictions into a run's folder, the record last.

    Args:
        run: The run's folder.
        answers: What it answered.
        utterances: N ids, in the order of the rows of the probabilities.
    """
    record, path = answers.record, _path(run, answers.record.damage)
    tables = [
        pa.table(
            {
                "level": [level] * len(utterances),
                "draw": [draw] * len(utterances),
                "utterance": utterances,
                **{name: own[:, n] for n, name in enumerate(_columns(record))},
            }
        )
        for (level, draw), own in answers.probabilities.items()
    ]
    with replacing(path.with_suffix(".parquet")) as temporary:
        pq.write_table(pa.concat_tables(tables), temporary, write_page_checksum=True)
    with replacing(path) as temporary:
        temporary.write_bytes(_adapter().dump_json(record, indent=2) + b"\n")


def read_answers(run: Path, damage: Damage, checkpoint_sha256: str) -> Answers | None:
    """Returns what a run answered to a damage; None if nothing, or of other weights than these.

    Raises:
        ErcbenchError: The record or its predictions are damaged, or of another version.
    """
    path = _path(run, damage)
    if not path.is_file():
        return None
    record = _read(path)
    if record.checkpoint_sha256 != checkpoint_sha256:
        return None
    return Answers(record, _probabilities(path.with_suffix(".parquet"), record))


def damages_of(run: Path) -> list[Damage]:
    """Returns the damages that a run has answered to, by name.

    Raises:
        ErcbenchError: A record is damaged or of another version.
    """
    return [_read(path).damage for path in sorted((run / FOLDER).glob("*.json"))]


def _path(run: Path, damage: Damage) -> Path:
    return run / FOLDER / f"{damage.name}.json"


def _read(path: Path) -> RobustnessRecord:
    return read_versioned(path, _adapter(), VERSION, AGAIN)


def _probabilities(path: Path, record: RobustnessRecord) -> Answered:
    """Reads the probabilities of every level and draw of a record."""
    columns = ["level", "draw", *_columns(record)]
    try:
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, str(error).splitlines()[0]) from None
    level, draw, *shares = (column.to_numpy() for column in table.columns)
    every = np.stack(shares, axis=1)
    found = {}
    for answer in record.answers:
        own = record.damage.clean if answer.level is None else answer.level
        found[own, answer.draw] = every[(level == own) & (draw == answer.draw)]
    if len({len(rows) for rows in found.values()}) > 1 or sum(map(len, found.values())) < len(
        every
    ):
        raise _damaged(path, "its rows are not those of its record")
    return found


def _columns(record: RobustnessRecord) -> list[str]:
    if record.target == "score":
        return [PREDICTED_SCORE]
    return [f"p_{label}" for label in record.labels]


def _damaged(path: Path, why: str) -> ErcbenchError:
    return ErcbenchError(f"{path}: damaged ({why}). {AGAIN}")


@cache
def _adapter() -> TypeAdapter[RobustnessRecord]:
    return TypeAdapter(RobustnessRecord)
