"""What a comparison comes to, in one sentence."""

from collections.abc import Sequence

from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.evaluation.tables.render import number

SCORE = "weighted_f1"
# More names than this make no sentence.
NAMES = 4


def conclusion(comparison: Comparison, analysis: Analysis) -> str:
    """Says which model's own answer has the highest weighted F1, and whether it is better.

    Better means told apart: see `Pair.told_apart`.
    """
    leader, *others = [group.name for group in final_groups(comparison)]
    own = _percent(analysis.estimates[leader][SCORE].mean)
    pairs = {pair.second: pair for pair in analysis.pairs[SCORE] if pair.first == leader}
    beaten = [name for name in others if name in pairs and pairs[name].told_apart]
    if not analysis.equal_budgets:
        sentence = _unequal(leader, own)
    elif not others:
        sentence = (
            f"{leader} has a weighted F1 of {own}; there is no other model to compare it with"
        )
    elif not beaten:
        sentence = _nobody(leader, own, others, pairs)
    else:
        level = [name for name in others if name not in beaten]
        sentence = _somebody(leader, own, beaten, level, pairs[beaten[0]])
    return f"On SIMULATED data, {sentence}." if comparison.test.simulated else f"{sentence}."


def _unequal(leader: str, own: str) -> str:
    return (
        f"{leader} has the highest weighted F1 ({own}), but no model is called better, since "
        "tuning budgets differ or are unknown"
    )


def _nobody(leader: str, own: str, others: Sequence[str], pairs: dict[str, Pair]) -> str:
    if len(others) == 1 and others[0] in pairs:
        return f"{leader} and {others[0]} are not told apart: {_by(pairs[others[0]])}"
    if not any(pair.claim for pair in pairs.values()):
        return (
            f"{leader} has the highest weighted F1 ({own}) of these trained networks; with one "
            f"seed nothing is known of other trainings, and so of {_listed(others)}"
        )
    return (
        f"no model is told apart from the one with the highest weighted F1, {leader} ({own}); "
        f"the others are {_listed(others)}"
    )


def _somebody(
    leader: str, own: str, beaten: Sequence[str], level: Sequence[str], nearest: Pair
) -> str:
    if level:
        return (
            f"{leader} has the highest weighted F1 ({own}) but is not told apart from "
            f"{_listed(level)}; it is better than {_listed(beaten)}, {_by(nearest)}"
        )
    counted = {1: beaten[0], 2: "both other models"}
    whom = counted.get(len(beaten), f"all {len(beaten)} other models")
    return f"{leader} is better than {whom}: weighted F1 {own}, {_by(nearest)}"


def _by(pair: Pair) -> str:
    points = f"{_percent(pair.difference)} points ahead of {pair.second}"
    if pair.claim is None:
        return f"{points}, of these trained networks alone: with one seed nothing more is known"
    ends = f"simultaneous 95 % interval {_percent(pair.claim.low)} to {_percent(pair.claim.high)}"
    p = number(pair.claim.p, "p")
    return f"{points} ({ends}, p {p.replace('<', '< ') if p.startswith('<') else f'= {p}'})"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMES:
        names = [*names[: NAMES - 1], f"{len(names) - NAMES + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _percent(value: float) -> str:
    return number(value, "percent").replace("-", "\N{MINUS SIGN}")
