"""Tables of tuning: every study of a comparison, every trial of a study, what a budget is worth."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.tables.table import EMPTY, Cell, Column, Table
from ercbench.evaluation.tuning.budget import spent
from ercbench.evaluation.tuning.studies import (
    expectations,
    expected,
    leaders,
    names_of,
    score_of,
    scored,
)
from ercbench.records.study import StudyRecord, Trial

# The first word of the names of these tables.
TUNING = ("tuning", "budget", "trials")
# Numbers of trials whose expected best has a column.
COLUMNS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def tuning_tables(comparison: Comparison) -> list[Table]:
    """Returns all tables of the studies of a comparison; none if there is no study."""
    if not comparison.studies:
        return []
    trials = [trials_table(comparison, study) for study in comparison.studies]
    return [studies_table(comparison), budget_table(comparison), *trials]


def studies_table(comparison: Comparison) -> Table:
    """Returns a row per study: its trials, its knobs, and the best that n trials promise."""
    studies = comparison.studies
    most = max(len(scored(study)) for study in studies)
    shown = [*(n for n in COLUMNS if n < most), *([most] if most else [])]
    rows = [
        (
            Cell(name),
            Cell(spent(study).short),
            *_promises(study, shown),
            _best(study),
            *_search(study),
        )
        for name, study in zip(names_of(studies), studies, strict=True)
    ]
    columns = [
        *(Column(title, "text") for title in ("model", "trials")),
        *(Column(f"best of {n}") for n in shown),
        *(Column("best found"), Column("ended", "text"), Column("knobs", "count")),
        Column("seconds", "whole"),
    ]
    scores = " or ".join(sorted({score_of(study) for study in studies}))
    title = f"tuning, {scores} on validation"
    return _table("tuning", title, comparison, columns, rows, _notes(comparison))


def budget_table(comparison: Comparison) -> Table:
    """Returns the expected best score of n trials, n = 1 … budget: a row per study and n."""
    rows = [
        (Cell(name), Cell(n), Cell(mean, deviation))
        for name, own in expectations(comparison.studies).items()
        for n, (mean, deviation) in enumerate(own.by_trials, 1)
    ]
    columns = [Column("model", "text"), Column("trials", "count"), Column("expected best")]
    title = "expected best score on validation of n trials"
    return _table("budget", title, comparison, columns, rows, _notes(comparison))


def trials_table(comparison: Comparison, study: StudyRecord) -> Table:
    """Returns a row per trial: how it ended, its score, and its settings."""
    knobs = list(study.space)
    columns = [
        *(Column("trial", "count"), Column("ended", "text"), Column(score_of(study))),
        *(Column("epochs", "count"), Column("seconds", "whole")),
        *(Column(knob.removeprefix("model."), _kind(study, knob)) for knob in knobs),
    ]
    rows = [_trial(study, trial, knobs) for trial in study.trials]
    notes = [*_simulated(comparison), "of a pruned trial the best score before it was pruned"]
    return _table(
        f"trials-{study.study}", f"every trial of {study.study}", comparison, columns, rows, notes
    )


def _table(
    name: str,
    title: str,
    comparison: Comparison,
    columns: Sequence[Column],
    rows: Sequence[tuple[Cell, ...]],
    notes: Sequence[str],
) -> Table:
    test = comparison.test
    full = f"{test.title}, split {test.split}: {title}"
    return Table(name, test.title, full, tuple(columns), tuple(rows), tuple(notes))


def _search(study: StudyRecord) -> tuple[Cell, ...]:
    states = Counter(trial.state for trial in study.trials)
    ended = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return Cell(ended), Cell(len(study.space)), Cell(study.seconds)


def _promises(study: StudyRecord, shown: Sequence[int]) -> list[Cell]:
    own = expected(study)
    best = own.by_trials if own else []
    return [Cell(*best[n - 1]) if n <= len(best) else EMPTY for n in shown]


def _best(study: StudyRecord) -> Cell:
    scores = scored(study)
    return Cell(float(scores.max())) if len(scores) else Cell(None)


def _trial(study: StudyRecord, trial: Trial, knobs: Sequence[str]) -> tuple[Cell, ...]:
    ended = "chosen" if trial.number == study.chosen else trial.state
    return (
        *(Cell(trial.number), Cell(ended), Cell(trial.value)),
        *(Cell(trial.epochs), Cell(trial.seconds)),
        *(_param(study, trial, knob) for knob in knobs),
    )


def _param(study: StudyRecord, trial: Trial, knob: str) -> Cell:
    value = trial.params.get(knob)
    return Cell(value if _kind(study, knob) == "count" or value is None else str(value))


def _kind(study: StudyRecord, knob: str) -> Any:
    """Returns `count` for a knob of numbers, which are written with six digits, else `text`."""
    values = [trial.params[knob] for trial in study.trials if knob in trial.params]
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    return "count" if values and numbers else "text"


def _simulated(comparison: Comparison) -> list[str]:
    if not comparison.test.simulated:
        return []
    return ["SIMULATED data: nothing here says anything about people"]


def _notes(comparison: Comparison) -> list[str]:
    studies = comparison.studies
    notes = [
        *_simulated(comparison),
        "best of n: the score that the best of n trials is expected to have, ± its standard "
        "deviation, if the trials were drawn at random from those there were (Dodge et al. 2019); "
        "a search that learns from its trials draws better ones later, of which this knows nothing",
        "a pruned trial counts with its best score before it was pruned"
        + (", a failed one not at all" if _failed(studies) else ""),
    ]
    led = leaders(studies)
    if len(studies) > 1 and led:
        turns = "; ".join(f"from {n} trial{'s' if n > 1 else ''} on {name}" for n, name in led)
        notes.append(f"expected to lead: {turns}")
    return notes


def _failed(studies: Sequence[StudyRecord]) -> bool:
    return any(trial.value is None for study in studies for trial in study.trials)
