"""What stands under every table of a comparison."""

from collections import defaultdict

from ercbench.corpora.speakers import SHARED
from ercbench.evaluation.compare.folds import TUNED
from ercbench.evaluation.compare.groups import Comparison
from ercbench.models.registry import reconstruction_of, title_of


def features_differ(comparison: Comparison) -> bool:
    """Whether groups of a comparison see different features."""
    return len({group.features for group in comparison.groups if not group.brought_along}) > 1


def common_notes(comparison: Comparison) -> list[str]:
    """Returns the notes that every table of a comparison needs, marks explained."""
    notes = list(comparison.test.notes)
    if comparison.test.simulated:
        notes.append("SIMULATED data: nothing here says anything about people")
    notes += _pooled(comparison)
    if features_differ(comparison):
        notes.append("models see different features, so that not only models are compared")
    models = sorted({group.model for group in comparison.groups})
    notes += [
        f"† {title_of(model)} is a reconstruction: {reconstruction_of(model)}"
        for model in models
        if reconstruction_of(model)
    ]
    if any(group.brought_along for group in comparison.groups):
        notes.append(
            "‡ brought along; selection and budget unknown: nobody here knows its features, how "
            "its epoch was chosen, or how much it was tuned, so nothing beside it is in bold"
        )
    more = (_budgets, _covered, _leaks, _unknown, _shared_speakers, _last_epochs)
    return notes + [note for own in more for note in own(comparison)]


def _budgets(comparison: Comparison) -> list[str]:
    """Says what was tried of each model, and, where that differs, what follows."""
    told: dict[str, list[str]] = defaultdict(list)
    for group in comparison.groups:
        if group.output == "final":
            told[group.budget.told].append(group.name)
    listed = [f"{own} ({', '.join(names)})" for own, names in told.items()]
    notes = [f"tuning: {'; '.join(listed) if len(listed) > 1 else next(iter(told))}"]
    if any(group.runs for group in comparison.fewer_trials):
        notes.append(
            "§ fewer trials than another model of this table: NOTHING IS BOLD, since more trials "
            f"alone make a model look better.{_mending(comparison)}"
        )
    return notes


def _mending(comparison: Comparison) -> str:
    """Returns the commands that give models of ours the largest budget, if there is any."""
    most = max(group.budget.trials or 0 for group in comparison.groups)
    own = [group for group in comparison.fewer_trials if group.runs and not group.budget.changed]
    short = {group.model: group.budget for group in own}
    if not short or not most:
        return ""
    commands = [
        f"ercbench tune model={model} trials={most}{' extend=true' if budget.trials else ''}"
        for model, budget in sorted(short.items())
    ]
    return f" To mend it, with this table's dataset and features: {'; '.join(commands)}"


def _leaks(comparison: Comparison) -> list[str]:
    found = {
        f"LEAK: {leak}"
        for group in comparison.groups
        for run in group.runs
        for leak in run.setup.leaks
    }
    return sorted(found)


def _unknown(comparison: Comparison) -> list[str]:
    runs = [run for group in comparison.groups for run in group.runs]
    keys = sorted({key for run in runs for key in run.setup.unknown_provenance})
    if not keys:
        return []
    return [
        f"PROVENANCE UNKNOWN: whose labels the encoder of {', '.join(keys)} saw is not recorded, "
        "so leakage is not ruled out"
    ]


def _covered(comparison: Comparison) -> list[str]:
    """Says that a table is of a part of a corpus, if features did not cover the rest."""
    runs = [run for group in comparison.groups for run in group.runs]
    found = sorted({str(own) for run in runs if (own := run.setup.provenance.get("covered"))})
    return [f"ONLY A PART OF THE CORPUS: {own}" for own in found]


def _pooled(comparison: Comparison) -> list[str]:
    test = comparison.test
    if not test.folds:
        return []
    notes = [
        f"pooled over the folds {', '.join(test.folds)}: each of {len(set(test.conversations))} "
        "dialogues is tested once, by a model not trained on it; scores are of all utterances "
        "together, not means over folds"
    ]
    if any(TUNED in group.differences.values() for group in comparison.groups):
        notes.append(f"{TUNED}: each has settings of its own choice")
    return notes


def _shared_speakers(comparison: Comparison) -> list[str]:
    runs = [run for group in comparison.groups for run in group.runs]
    return sorted({SHARED[s] for s in (r.setup.validation_speakers for r in runs) if s in SHARED})


def _last_epochs(comparison: Comparison) -> list[str]:
    """Says of which models the chosen epoch was the last allowed, so that more might be better."""
    listed = []
    for group in comparison.groups:
        count = sum(run.results.chosen.chose_last_allowed for run in group.runs)
        if count and group.output == "final":
            listed.append(f"{group.name} ({count} of {len(group.runs)} runs)")
    if not listed:
        return []
    return [
        f"the chosen epoch was the last allowed: {', '.join(listed)}; more epochs "
        "(trainer.max_epochs) might do better"
    ]
