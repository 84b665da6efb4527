"""What the search of a model's settings was asked and what it tried: `study.json`, typed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from ercbench.errors import ErcbenchError
from ercbench.files import replacing
from ercbench.records.versioned import read_versioned

# Goes up whenever an older record can no longer be read as it is.
VERSION = 1
FILE_NAME = "study.json"
# Begins the group of the runs that train what a study chose; its name follows.
GROUP = "tuned/"


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Attributes:
        number: From 0, in the order in which trials began.
        state: `complete`, `pruned` (stopped early, since others were better by then) or `failed`.
        params: Setting, as in `model.hidden`, to value.
        value: The validation score of the model's final answer; of a pruned trial the best it had
            reached; None if it failed.
        epochs: How many were trained, over all stages.
        seconds: From its beginning to its end.
        run: Name of its run folder; None unless it is complete.
        curve: Validation score by epoch, of the last stage.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    params: dict[str, Any]
    value: float | None
    epochs: int
    seconds: float
    run: str | None
    curve: tuple[float, ...]


@dataclass(frozen=True)
class StudyRecord:
    """A finished search of a model's settings.

    Attributes:
        study: Its name.
        model: Name of the model.
        corpus: Name of the corpus.
        simulated: Whether the corpus is.
        split: Name of the split.
        features: Keys of the feature sets, `modality:name`.
        metric: Selection metric on validation that was maximised.
        sampler: What proposed settings, such as `tpe`.
        pruner: What stopped trials early: `median`, `hyperband` or `none`.
        seed: Of the sampler and of every trial's training.
        budget: How many trials were asked for; complete and pruned ones count.
        space: Setting to the values it may take, as in `conf/tuning`.
        first: Settings that were tried first.
        settings: The chosen trial's, as in a run record's `setup.settings`. A run was tuned by
            this study if its own are equal but for `seed` and `protocol.test`.
        chosen: Number of the chosen trial.
        trials: All of them, by number.
        seconds: Of all trials together.
        importances: Setting to its share of the variation in the score; they add up to 1. Empty
            where too few trials finished to tell.
    """

    study: str
    model: str
    corpus: str
    simulated: bool
    split: str
    features: tuple[str, ...]
    metric: str
    sampler: str
    pruner: str
    seed: int
    budget: int
    space: dict[str, Any]
    first: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    chosen: int
    trials: tuple[Trial, ...]
    seconds: float
    importances: dict[str, float]
    kind: Literal["study"] = "study"
    version: int = VERSION

    @property
    def best(self) -> Trial:
        """The chosen trial."""
        return next(trial for trial in self.trials if trial.number == self.chosen)

    def count(self, state: str) -> int:
        """Returns how many trials ended so."""
        return sum(trial.state == state for trial in self.trials)


def write_study(folder: Path, record: StudyRecord) -> None:
    """Writes `study.json` into a study's folder, which marks the study as finished."""
    with replacing(folder / FILE_NAME) as temporary:
        temporary.write_bytes(_adapter().dump_json(record, indent=2) + b"\n")


def read_study(folder: Path) -> StudyRecord:
    """Reads the record of a finished study from its folder.

    Raises:
        ErcbenchError: The file is not there, damaged or of another version.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise ErcbenchError(f"{path}: no such file. Finish the study first.")
    again = "Delete the file; the study's command writes it again."
    return read_versioned(path, _adapter(), VERSION, again)


def read_studies(folder: Path) -> list[StudyRecord]:
    """Returns the finished studies of a folder, by name; there may be none, nor a folder.

    Raises:
        ErcbenchError: A record is damaged or of another version.
    """
    return [read_study(path.parent) for path in sorted(folder.glob(f"*/{FILE_NAME}"))]


@cache
def _adapter() -> TypeAdapter[StudyRecord]:
    return TypeAdapter(StudyRecord)
