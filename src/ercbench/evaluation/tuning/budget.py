"""How much was tried before a model's settings were chosen, and whether its rivals had as much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ercbench.evaluation.compare.naming import flat_settings
from ercbench.models.registry import is_tunable
from ercbench.records.run_record import RunSetup
from ercbench.records.study import StudyRecord


@dataclass(frozen=True)
class Budget:
    """The tuning budget of a model: trials on validation before its settings were chosen.

    Attributes:
        trials: How many were had, pruned ones among them, failed ones not; 0 if no study is known
            to have chosen the settings; None if nobody knows.
        asked: How many were asked for.
        knobs: Number of settings that were searched.
        tunable: Whether the model has anything to tune.
    """

    trials: int | None = 0
    asked: int = 0
    knobs: int = 0
    tunable: bool = True

    @property
    def short(self) -> str:
        """The number of trials, for a cell of a table."""
        if not self.tunable:
            return "nothing to tune"
        if self.trials is None:
            return "unknown"
        return f"{self.trials} of {self.asked}" if self.trials < self.asked else str(self.trials)

    @property
    def told(self) -> str:
        """Trials, knobs, and who chose, for a sentence."""
        if self == BY_HAND:
            return "by hand or by default, 0 trials counted"
        if not self.knobs:
            return self.short
        trials, knobs = _plural("trial", self.asked), _plural("knob", self.knobs)
        return f"{self.short} {trials} over {self.knobs} {knobs}, on validation"


BY_HAND, NOTHING_TO_TUNE, UNKNOWN = Budget(), Budget(tunable=False), Budget(trials=None)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def budget_of(setup: RunSetup, studies: Iterable[StudyRecord] = ()) -> Budget:
    """Returns the budget of the study that chose a run's settings, of several the largest."""
    if not is_tunable(setup.model):
        return NOTHING_TO_TUNE
    budgets = [spent(study) for study in studies if chose(study, setup)]
    return max(budgets, key=lambda own: own.trials or 0, default=BY_HAND)


def smallest_budget(setups: Iterable[RunSetup], studies: Sequence[StudyRecord]) -> Budget:
    """Returns the smallest budget of runs of one model, which may differ between folds."""
    return min((budget_of(setup, studies) for setup in setups), key=lambda own: own.trials or 0)


def uneven_budgets(name: str, setups: Iterable[RunSetup], studies: Sequence[StudyRecord]) -> str:
    """Returns a warning if the budget of a model's runs differs between folds, or nothing."""
    if len({budget_of(setup, studies) for setup in setups}) < 2:
        return ""
    return (
        f"{name}: its tuning budget differs between folds. Settings that were chosen in one fold "
        "have seen dialogues that another tests: tune in each fold."
    )


def spent(study: StudyRecord) -> Budget:
    """Returns what a study had."""
    return Budget(study.count("complete") + study.count("pruned"), study.budget, len(study.space))


def chose(study: StudyRecord, setup: RunSetup) -> bool:
    """Whether a study chose a run's settings: they are those of its best trial, up to the seed."""
    return (
        (study.model, study.corpus, study.split) == (setup.model, setup.corpus, setup.split)
        and study.features == setup.feature_keys
        and flat_settings(study.settings) == flat_settings(setup.settings)
    )
