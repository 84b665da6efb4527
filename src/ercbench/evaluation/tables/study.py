"""The tables of one study for the terminal: its best trials and what was chosen."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ercbench.metrics import METRICS
from ercbench.records.study import StudyRecord, Trial

BEST = 5


def study_summary(record: StudyRecord) -> Group:
    """Returns the best trials of a study, and the chosen setting beside the first trial's."""
    return Group(best_trials(record), chosen_setting(record), Text(budget(record)))


def best_trials(record: StudyRecord) -> Table:
    """Returns the best complete trials, a row each; the chosen one is marked."""
    on = f"{record.corpus}{' (simulated)' if record.simulated else ''}, split {record.split}"
    table = Table(title=Text(f"study {record.study}: {record.model} on {on}"))
    table.add_column("trial", justify="right")
    table.add_column(f"{METRICS[record.metric].title}, validation", justify="right")
    for heading in ("epochs", "seconds"):
        table.add_column(heading, justify="right")
    complete = [trial for trial in record.trials if trial.state == "complete"]
    for trial in sorted(complete, key=lambda own: (-(own.value or 0), own.number))[:BEST]:
        mark = " *" if trial.number == record.chosen else ""
        score = f"{METRICS[record.metric].written(trial.value or 0)}{mark}"
        table.add_row(str(trial.number), score, str(trial.epochs), f"{trial.seconds:.0f}")
    return table


def chosen_setting(record: StudyRecord) -> Table:
    """Returns each tuned setting: as chosen, as in trial 0, and how much it mattered."""
    first = record.trials[0]
    table = Table(title=Text(f"chosen setting, * trial {record.chosen}"))
    table.add_column("setting")
    for heading in ("chosen", f"trial {first.number}{_score(first)}", "importance"):
        table.add_column(heading, justify="right")
    for name, value in record.best.params.items():
        share = record.importances.get(name)
        shown = "" if share is None else f"{share:.2f}"
        table.add_row(Text(name), _written(value), _of(first.params, name), shown)
    return table


def budget(record: StudyRecord) -> str:
    """Returns in a line what the study cost."""
    complete, pruned, failed = map(record.count, ("complete", "pruned", "failed"))
    return (
        f"budget {record.budget} trials: {complete} complete, {pruned} pruned, {failed} failed; "
        f"{record.seconds / 3600:.2f} hours; the test part was not read"
    )


def _score(trial: Trial) -> str:
    return "" if trial.value is None else f" ({100 * trial.value:.1f})"


def _of(params: Mapping[str, Any], name: str) -> str:
    return _written(params[name]) if name in params else ""


def _written(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
