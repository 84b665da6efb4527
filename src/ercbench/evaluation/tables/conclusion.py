"""What a comparison comes to, in one sentence."""

from collections.abc import Sequence

from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.evaluation.tables.render import number
from ercbench.metrics import Metric

# More names than this make no sentence.
NAMES = 4


def conclusion(comparison: Comparison, analysis: Analysis) -> str:
    """Says which model's own answer scores best, and whether it is better.

    Better means told apart: see `Pair.told_apart`.
    """
    leader, *others = [group.name for group in final_groups(comparison)]
    main = comparison.test.main
    own = _written(analysis.estimates[leader][main.name].mean, main)
    pairs = {pair.second: pair for pair in analysis.pairs[main.name] if pair.first == leader}
    beaten = [name for name in others if name in pairs and pairs[name].told_apart]
    if not analysis.equal_budgets:
        sentence = _unequal(leader, own, main)
    elif not others:
        sentence = (
            f"{leader} has {_article(main)} {main.title} of {own}; there is no other model to "
            "compare it with"
        )
    elif not beaten:
        sentence = _nobody(leader, own, others, pairs, main)
    else:
        level = [name for name in others if name not in beaten]
        sentence = _somebody(leader, own, beaten, level, pairs[beaten[0]], main)
    return f"On SIMULATED data, {sentence}." if comparison.test.simulated else f"{sentence}."


def _unequal(leader: str, own: str, main: Metric) -> str:
    return (
        f"{leader} has {_best(main)} ({own}), but no model is called better, since tuning budgets "
        "differ or are unknown"
    )


def _nobody(
    leader: str, own: str, others: Sequence[str], pairs: dict[str, Pair], main: Metric
) -> str:
    if len(others) == 1 and others[0] in pairs:
        return f"{leader} and {others[0]} are not told apart: {_by(pairs[others[0]], main)}"
    if not any(pair.claim for pair in pairs.values()):
        return (
            f"{leader} has {_best(main)} ({own}) of these trained networks; with one seed nothing "
            f"is known of other trainings, and so of {_listed(others)}"
        )
    return (
        f"no model is told apart from the one with {_best(main)}, {leader} ({own}); the others are "
        f"{_listed(others)}"
    )


def _somebody(
    leader: str,
    own: str,
    beaten: Sequence[str],
    level: Sequence[str],
    nearest: Pair,
    main: Metric,
) -> str:
    if level:
        return (
            f"{leader} has {_best(main)} ({own}) but is not told apart from {_listed(level)}; it "
            f"is better than {_listed(beaten)}, {_by(nearest, main)}"
        )
    counted = {1: beaten[0], 2: "both other models"}
    whom = counted.get(len(beaten), f"all {len(beaten)} other models")
    return f"{leader} is better than {whom}: {main.title} {own}, {_by(nearest, main)}"


def _best(main: Metric) -> str:
    return f"the {'highest' if main.higher_is_better else 'lowest'} {main.title}"


def _article(main: Metric) -> str:
    return "an" if main.title[0] in "AEIOM" else "a"


def _by(pair: Pair, main: Metric) -> str:
    points = f"{_written(pair.difference, main)}{' points' if main.kind == 'percent' else ''}"
    points += f" ahead of {pair.second}"
    if pair.claim is None:
        return f"{points}, of these trained networks alone: with one seed nothing more is known"
    low, high = (_written(end, main) for end in (pair.claim.low, pair.claim.high))
    p = number(pair.claim.p, "p")
    p = p.replace("<", "< ") if p.startswith("<") else f"= {p}"
    return f"{points} (simultaneous 95 % interval {low} to {high}, p {p})"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMES:
        names = [*names[: NAMES - 1], f"{len(names) - NAMES + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _written(value: float, metric: Metric) -> str:
    return metric.written(value).replace("-", "\N{MINUS SIGN}")
