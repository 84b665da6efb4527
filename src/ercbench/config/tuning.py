"""The types of the settings of `ercbench tune`."""

from dataclasses import dataclass
from typing import Annotated, Any

from ercbench.config.training import TrainSettings
from ercbench.settings import Count, one_of, require


@dataclass(kw_only=True)
class TuneSettings(TrainSettings):
    """Everything `ercbench tune` can be told; what `train` can be told holds for every trial.

    Attributes:
        tuning: What is tried, as `conf/tuning` says it.
        trials: The budget: complete and pruned trials count, failed ones do not.
        jobs: Processes that work side by side.
        pruner: What stops a trial early.
        storage: Optuna's URL of a database; None for a file in the study's folder.
        studies: Folder of the studies.
        study: Name of the study; None for model and corpus.
        extend: Whether a finished study may have more trials.
    """

    tuning: Any
    trials: Count
    jobs: Count
    pruner: Annotated[str, one_of("median", "hyperband", "none")]
    storage: str | None
    studies: str
    study: str | None
    extend: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        tests = self.protocol.as_released
        advice = "false: it reads the test part, which no trial may. Set protocol=honest"
        require("protocol.as_released", tests, not tests, advice)
        advice = "csv: a trial keeps its metrics.csv; no dashboard gets it. Set logger=csv"
        require("logger", self.logger, not self.logger, advice)
        advice = "false: a finished trial stays. Take another study=NAME and runs=FOLDER"
        require("force", self.force, not self.force, advice)
