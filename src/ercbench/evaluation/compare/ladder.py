"""Groups in the order of a ladder, each of which adds something to the one before."""

from collections.abc import Sequence
from dataclasses import replace

from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.groups import Comparison, Group


def with_ladder(comparisons: Sequence[Comparison], steps: Sequence[str]) -> list[Comparison]:
    """Returns the comparisons, those that have all steps with these as their ladder.

    Args:
        comparisons: Of any groups.
        steps: As `step_of` writes them, lowest first; none for no ladder. A model alone will do
            where it has one group.

    Raises:
        ErcbenchError: There is one step alone, or no comparison has exactly one group for each.
    """
    if not steps:
        return list(comparisons)
    if len(steps) == 1:
        raise ErcbenchError(f"ladder=[{steps[0]}]: expected two steps or more. Name them in order.")
    found = [replace(own, ladder=_names(own, steps)) for own in comparisons]
    if not any(own.ladder for own in found):
        raise ErcbenchError(_not_found(comparisons, steps))
    return found


def step_of(group: Group) -> str:
    """Returns how a ladder names a group: `gru@text:minilm+audio:mel`."""
    return f"{group.model}@{'+'.join(group.features)}" if group.features else group.model


def _names(comparison: Comparison, steps: Sequence[str]) -> tuple[str, ...]:
    found = [_meant(comparison, step) for step in steps]
    alone = all(len(groups) == 1 for groups in found)
    return tuple(own.name for groups in found for own in groups) if alone else ()


def _meant(comparison: Comparison, step: str) -> list[Group]:
    final = [group for group in comparison.groups if group.output == "final"]
    return [group for group in final if step in (step_of(group), group.model, group.name)]


def _not_found(comparisons: Sequence[Comparison], steps: Sequence[str]) -> str:
    nearest = max(comparisons, key=lambda own: sum(len(_meant(own, step)) == 1 for step in steps))
    wrong = next(step for step in steps if len(_meant(nearest, step)) != 1)
    several = [group.name for group in _meant(nearest, wrong)]
    what = f"means several groups: {'; '.join(several)}" if several else "no group is called so"
    final = [own for own in nearest.groups if own.output == "final"]
    there = dict.fromkeys(name for own in final for name in (step_of(own), own.name))
    return (
        f"ladder: {wrong}: {what}. On {nearest.test.title}, {nearest.test.part}, there are: "
        f"{'; '.join(there)}. Name each step as one of these."
    )
