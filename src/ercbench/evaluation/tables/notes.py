"""What stands under a table: how its numbers came about, and what they are not."""

from collections import defaultdict
from collections.abc import Sequence

from ercbench.corpora.speakers import SHARED
from ercbench.evaluation.compare.families import TUNED
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.published.values import Published
from ercbench.evaluation.statistics.analysis import ALPHA, POWER, Analysis
from ercbench.metrics import BINS, METRICS
from ercbench.models.registry import reconstruction_of, title_of

# Below this the bootstrap is known to be too sure.
FEW = 20


def features_differ(comparison: Comparison) -> bool:
    """Whether groups of a comparison see different features."""
    return len({group.features for group in comparison.groups if not group.brought_along}) > 1


def features_seen(group: Group, comparison: Comparison) -> str:
    """Returns the modalities a group sees, or its feature sets where modalities have several."""
    if group.brought_along:
        return "unknown"
    keys = {key for other in comparison.groups for key in other.features}
    modalities = {key.split(":")[0] for key in keys}
    if len(keys) > len(modalities):
        return ", ".join(group.features)
    return "+".join(key.split(":")[0] for key in group.features)


def scores_notes(comparison: Comparison, analysis: Analysis) -> list[str]:
    """Returns the notes of the table of all scores."""
    notes = [
        f"per cent on test; {_seeds(comparison)}; epoch chosen on validation; in brackets the 95 % "
        f"interval over dialogues and seeds (percentile bootstrap, {analysis.draws:,} draws)",
        "shift and stay: weighted F1 where a speaker's emotion differs from, or equals, the last "
        "own one; UAR: balanced accuracy, the unweighted average recall; ECE: expected calibration "
        f"error in {BINS} bins of equal width, and NLL: mean negative log-likelihood in nats, both "
        "the better the lower",
        "parameters: of the network; seconds: of training and testing, mean over seeds",
    ]
    if len(comparison.groups) > 1:
        notes.append(_bold(analysis))
    detectable = analysis.detectable["weighted_f1"]
    if detectable:
        notes.append(
            f"a difference of {100 * detectable:.1f} points of weighted F1 would be found on "
            f"{100 * POWER:.0f} % of test sets like this one, of {analysis.dialogues} dialogues "
            "(median over pairs); smaller ones mostly stay unseen"
        )
    if len(comparison.groups) > 1 and any(len(group.seeds) == 1 for group in comparison.groups):
        notes.append(
            "a model with one seed may owe a difference to the luck of one training, of which "
            "neither p nor the interval knows"
        )
    if analysis.dialogues < FEW:
        notes.append(
            f"only {analysis.dialogues} test dialogues: intervals over so few are too narrow"
        )
    if comparison.test.simulated:
        notes.append(
            "a ceiling is the highest expected accuracy of any model that sees this much, and that "
            "reader's weighted F1"
        )
    return notes + _outputs(comparison) + common_notes(comparison)


def classes_notes(comparison: Comparison) -> list[str]:
    """Returns the notes of the table of classes."""
    note = f"per cent on test; {_seeds(comparison)}; in brackets the class's test utterances"
    return [f"{note}; n/a: it has none", *common_notes(comparison)]


def released_notes(
    comparison: Comparison, shown: Sequence[Published], elsewhere: Sequence[Published]
) -> list[str]:
    """Returns the notes of the table of published and as-released values.

    Args:
        comparison: The groups.
        shown: The published values that stand in the table.
        elsewhere: Those that do not, because they are of another split.
    """
    notes = [f"per cent on test; {_seeds(comparison)}"]
    if any(run.results.as_released for group in comparison.groups for run in group.runs):
        notes.append(
            "chosen on test: the epoch that is best on test, as the released code chooses it; "
            "gained: what that adds, for nothing"
        )
    if shown:
        notes.append(
            "the papers use other features, and mostly choose on test from one seed: the distance "
            "is not a failure to reproduce"
        )
    notes += [
        f"{METRICS[entry.score].title} of {entry.row}: kind {entry.statistic}, epoch chosen on "
        f"{entry.selection}; {entry.source}"
        for entry in dict.fromkeys(shown)
    ]
    splits = {entry.row: entry.split for entry in elsewhere}
    notes += [
        f"{row} is published on the split {split} and not comparable here"
        for row, split in splits.items()
    ]
    return notes + common_notes(comparison)


def pairs_notes(comparison: Comparison, analysis: Analysis) -> list[str]:
    """Returns the notes of a table of pairs."""
    ways = "all ways" if analysis.exact else f"{analysis.draws:,} draws"
    pairs = len(analysis.pairs["accuracy"])
    notes = [
        "differences in points, with the 95 % interval over dialogues and seeds; bold: p Holm "
        f"below {ALPHA}, an interval without 0, and equal tuning budgets",
        f"the permutation behind p swaps whole dialogues ({ways}) of these trained networks; p "
        f"Holm is corrected over all pairs ({pairs})",
        "McNemar's p is a second opinion on the mean probabilities of all seeds; it takes "
        "utterances for independent, which they are not",
        "effect d: the difference in standard deviations between dialogues (0.2 is called small, "
        "0.5 medium, 0.8 large)",
        "P(better): how often one run of the better beats one of the worse on the same draw of "
        f"dialogues; detectable: would be found on {100 * POWER:.0f} % of such test sets",
    ]
    if pairs * analysis.smallest_p > ALPHA:
        notes.append(_powerless(analysis))
    return notes + common_notes(comparison)


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
    more = (_budgets, _leaks, _unknown, _shared_speakers, _last_epochs)
    return notes + [note for own in more for note in own(comparison)]


def _seeds(comparison: Comparison) -> str:
    most = max(len(group.seeds) for group in comparison.groups)
    return "one seed only, so no sd" if most == 1 else "mean ± sd over seeds, no sd with one seed"


def _bold(analysis: Analysis) -> str:
    rule = (
        f"p below {ALPHA} by permutation of whole dialogues, Holm-corrected over all pairs "
        f"({len(analysis.pairs['accuracy'])}), and an interval of the difference without 0"
    )
    if not analysis.equal_budgets:
        return "nothing in bold: tuning budgets differ (§) or are unknown (‡)"
    if any(analysis.best.values()):
        return f"bold: better than every other model, {rule}"
    return f"nothing in bold: no model is better than every other one ({rule})"


def _powerless(analysis: Analysis) -> str:
    pairs = len(analysis.pairs["accuracy"])
    if analysis.exact:
        return f"{analysis.dialogues} dialogues are too few for any p Holm below {ALPHA}"
    return (
        f"{pairs} pairs are too many for {analysis.draws:,} draws: after Holm no p can be below "
        f"{ALPHA}. Set draws={int(2 * pairs / ALPHA)} or compare fewer runs"
    )


def _outputs(comparison: Comparison) -> list[str]:
    if all(group.output == "final" for group in comparison.groups):
        return []
    return [
        "a name after a model's is another of its outputs: one stage alone, or the ensemble of "
        "all, a sum of probabilities weighed on validation"
    ]


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
    short = {group.model: group.budget for group in comparison.fewer_trials if group.runs}
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
        notes.append(f"{TUNED}: settings differ between folds")
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
