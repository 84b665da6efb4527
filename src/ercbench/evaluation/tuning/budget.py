"""How much was tried before a model's settings were chosen, and whether its rivals had as much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
        changed: What was changed by hand in the setting that `asked` trials chose, such as a part
            taken away: `model.fusion=concatenation`. The model as it is then had no trials.
    """

    trials: int | None = 0
    asked: int = 0
    knobs: int = 0
    tunable: bool = True
    changed: str = ""

    @property
    def short(self) -> str:
        """The number of trials, for a cell of a table."""
        if not self.tunable:
            return "nothing to tune"
        if self.trials is None:
            return "unknown"
        if self.changed:
            return f"{self.asked}, then {self.changed}"
        return f"{self.trials} of {self.asked}" if self.trials < self.asked else str(self.trials)

    @property
    def told(self) -> str:
        """Trials, knobs, and who chose, for a sentence."""
        if self == BY_HAND:
            return "by hand or by default, 0 trials counted"
        if not self.knobs:
            return self.short
        trials, knobs = _plural("trial", self.asked), _plural("knob", self.knobs)
        searched = f"{trials} over {self.knobs} {knobs}, on validation"
        if self.changed:
            return f"the setting of {self.asked} {searched}, then {self.changed} by hand"
        return f"{self.short} {searched}"


BY_HAND, NOTHING_TO_TUNE, UNKNOWN = Budget(), Budget(tunable=False), Budget(trials=None)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def budget_of(setup: RunSetup, studies: Iterable[StudyRecord] = ()) -> Budget:
    """Returns the budget of the study that chose a run's settings, of several the largest.

    Where none chose them, one may have chosen all of them but one.
    """
    if not is_tunable(setup.model):
        return NOTHING_TO_TUNE
    found = [(spent(study), departures(study, setup)) for study in studies if asked(study, setup)]
    chosen = [budget for budget, changes in found if not changes]
    near = [replace(own, trials=0, changed=new[0]) for own, new in found if len(new) == 1]
    return max(chosen or near, key=lambda own: (own.trials or 0, own.asked), default=BY_HAND)


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


def asked(study: StudyRecord, setup: RunSetup) -> bool:
    """Whether a study was about a run's model, on its data and features."""
    of_run = (setup.model, setup.corpus, setup.split, setup.feature_keys)
    return (study.model, study.corpus, study.split, study.features) == of_run


def chose(study: StudyRecord, setup: RunSetup) -> bool:
    """Whether a study chose a run's settings: they are those of its best trial, up to the seed."""
    return asked(study, setup) and not departures(study, setup)


def departures(study: StudyRecord, setup: RunSetup) -> list[str]:
    """Returns where a run's settings are not those of a study's best trial, up to the seed."""
    best, own = flat_settings(study.settings), flat_settings(setup.settings)
    return [f"{key}={own.get(key)}" for key in best | own if own.get(key) != best.get(key)]
