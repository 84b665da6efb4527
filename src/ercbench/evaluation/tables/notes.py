"""What stands under a table: how its numbers came about, and what they are not."""

from collections.abc import Sequence

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.published.values import Published
from ercbench.evaluation.statistics.family import ALPHA, POWER
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.evaluation.tables.common_notes import common_notes
from ercbench.metrics import BINS, METRICS

# Below this a standard error over dialogues is known to be too small.
FEW = 20
OF_LABELS = (
    "shift and stay: weighted F1 where a speaker's emotion differs from, or equals, the last own "
    "one; UAR: balanced accuracy, the unweighted average recall; ECE: expected calibration error "
    f"in {BINS} bins of equal width, and NLL: mean negative log-likelihood in nats, both the "
    "better the lower"
)
OF_SCORES = (
    "of scores from -3 to 3: MAE, the better the lower, and Pearson's correlation; all else in per "
    "cent: Acc-7 of the score clipped and rounded; has0: negative or non-negative; "
    "non0: negative or positive, without utterances whose true score is 0; F1 weighted"
)


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
    main = comparison.test.main
    notes = [
        f"per cent on test; {_seeds(comparison)}; epoch chosen on validation; in brackets each "
        "model's own 95 % interval over dialogues and seeds, which does not tell models apart",
        OF_SCORES if comparison.test.target == "score" else OF_LABELS,
        "parameters: of the network; seconds: of training and testing, mean over seeds",
    ]
    if len(comparison.groups) > 1:
        notes.append(_bold(analysis))
    detectable = analysis.detectable[main.name]
    if detectable:
        notes.append(
            f"by the same rule a true difference of {main.written(detectable)}"
            f"{' points' if main.kind == 'percent' else ''} of {main.title} "
            f"would be told apart {100 * POWER:.0f} times in a hundred, with as many dialogues "
            f"({analysis.dialogues}), seeds and models (median over pairs); smaller ones mostly "
            "stay unseen"
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
    return (
        notes
        + _one_seed(analysis.pairs[main.name])
        + _outputs(comparison)
        + common_notes(comparison)
    )


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


def pairs_notes(comparison: Comparison, analysis: Analysis, score: str) -> list[str]:
    """Returns the notes of a table of pairs."""
    return [
        *_about_claims(analysis),
        *_about_networks(analysis),
        f"detectable: the true difference that would be told apart {100 * POWER:.0f} times in a "
        "hundred in this family",
        *_one_seed(analysis.pairs[score]),
        *common_notes(comparison),
    ]


def ladder_notes(comparison: Comparison, analysis: Analysis) -> list[str]:
    """Returns the notes of a table of steps that each add something."""
    pairs = analysis.pairs[comparison.test.main.name]
    return [*_about_claims(analysis), *_one_seed(pairs), *common_notes(comparison)]


def outputs_notes(comparison: Comparison, analysis: Analysis) -> list[str]:
    """Returns the notes of a table of models' other outputs."""
    return [
        "a stage alone, or the ensemble of all, beside the final output of the same trainings, "
        "compared seed by seed; each model's others are a family of their own (Bonferroni), and "
        "none of them counts in the table of pairs",
        *_about_networks(analysis),
        *common_notes(comparison),
    ]


def _about_claims(analysis: Analysis) -> list[str]:
    return [
        "differences in points, with simultaneous 95 % intervals: in 95 of 100 such tables all of "
        "them hold, of other dialogues and other trainings",
        f"p: {_family(analysis)}; told apart: p below {ALPHA}, so an interval without 0; "
        "bold: told apart, with equal tuning budgets",
    ]


def _about_networks(analysis: Analysis) -> list[str]:
    ways = "in all ways" if analysis.exact else f"{analysis.draws:,} times"
    return [
        "p of these networks: by swapping whole dialogues between the networks at hand "
        f"{ways}; it knows no other training and no other pair, so nothing follows for models",
        "P(better): how often a run of the better beats a run of the worse on these dialogues",
    ]


def _family(analysis: Analysis) -> str:
    every = next(iter(analysis.pairs.values()))
    pairs = sum(pair.claim is not None for pair in every)
    return (
        f"adjusted over all pairs of the models' final outputs ({pairs}), dialogues and trainings "
        "being drawn anew (Games and Howell)"
    )


def _one_seed(pairs: Sequence[Pair]) -> list[str]:
    if all(pair.claim for pair in pairs):
        return []
    return [
        "a model with one seed is in no claim: what another training would do is unknown, and its "
        "differences are those of these trained networks alone"
    ]


def _seeds(comparison: Comparison) -> str:
    most = max(len(group.seeds) for group in comparison.groups)
    return "one seed only, so no sd" if most == 1 else "mean ± sd over seeds, no sd with one seed"


def _bold(analysis: Analysis) -> str:
    if not analysis.equal_budgets:
        return "nothing in bold: tuning budgets differ (§) or are unknown (‡)"
    rule = f"p below {ALPHA}, {_family(analysis)}"
    if any(analysis.best.values()):
        return f"bold: better than every other model, {rule}"
    return f"nothing in bold: no model is better than every other one ({rule})"


def _outputs(comparison: Comparison) -> list[str]:
    if all(group.output == "final" for group in comparison.groups):
        return []
    return [
        "a name after a model's is another of its outputs: one stage alone, or the ensemble of "
        "all, a sum of probabilities weighed on validation"
    ]
