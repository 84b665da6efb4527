"""Which runs in the folds of a corpus belong together, and what is missing of others."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.naming import Name, names, settings_of
from ercbench.models.registry import title_of
from ercbench.records.study import GROUP

TUNED = "tuned in each fold"


@dataclass(frozen=True)
class AcrossFolds:
    """One output of a model's runs in the folds of a corpus.

    Attributes:
        parts: Fold to its runs; a fold without a run is absent.
        tuned: Whether each fold has settings of its own, or had a study of its own.
    """

    parts: Mapping[str, Group]
    tuned: bool = False

    @property
    def first(self) -> Group:
        """Its runs in the first fold that has any."""
        return next(iter(self.parts.values()))

    def missing(self, folds: Sequence[str]) -> str:
        """Returns the folds without a run, and those that lack a seed of others; or nothing."""
        every = {seed for group in self.parts.values() for seed in group.seeds}
        lacking = {
            fold: sorted(every - set(self.parts[fold].seeds)) if fold in self.parts else []
            for fold in folds
        }
        told = (
            f"{fold} (seed {', '.join(map(str, seeds))})" if seeds else fold
            for fold, seeds in lacking.items()
            if seeds or fold not in self.parts
        )
        return ", ".join(told)


def find_across_folds(
    folds: Sequence[str], parts: Sequence[Comparison]
) -> tuple[list[AcrossFolds], list[str]]:
    """Returns what has a run of the same seed in every fold, and what others lack."""
    groups = [(own.test.split, group) for own in parts for group in own.groups]
    alike = [AcrossFolds(dict(own), _by_studies(own)) for own in _gathered(groups, _settings)]
    whole = [across for across in alike if _whole(across, folds)]
    rest = [item for across in alike if across not in whole for item in across.parts.items()]
    said = [_lacking(across, folds, pooled=True) for across in whole]
    for own in _gathered(rest, _group_name):
        across = AcrossFolds(dict(own), tuned=True)
        if twice := [fold for fold, count in Counter(f for f, _ in own).items() if count > 1]:
            said.append(_several(across, twice))
        elif _whole(across, folds):
            whole.append(across)
            said.append(_lacking(across, folds, pooled=True))
        else:
            said.append(_lacking(across, folds, pooled=False))
    return whole, [line for line in dict.fromkeys(said) if line]


def names_across_folds(every: Sequence[AcrossFolds]) -> list[str]:
    """Returns a name for each: what tells it from the others, or that it was tuned in each fold."""
    alike = [own.first for own in every if not own.tuned and own.first.runs]
    setups = {_variant(group): group.runs[0].setup for group in alike}
    known = dict(zip(setups, names(list(setups.values())), strict=True))
    found = []
    for group, tuned in ((across.first, across.tuned) for across in every):
        if group.brought_along:
            found.append(group.name)
        elif tuned:
            details = filter(None, (_search(group), TUNED))
            found.append(Name(title_of(group.model), tuple(details)).of(group.output))
        else:
            found.append(known[_variant(group)].of(group.output))
    return found


def common_seeds(parts: Iterable[Group]) -> tuple[int, ...]:
    """Returns the seeds that all of some groups have, ascending."""
    return tuple(sorted(set.intersection(*(set(part.seeds) for part in parts))))


def _gathered(
    items: Iterable[tuple[str, Group]], key: Callable[[Group], Hashable]
) -> list[list[tuple[str, Group]]]:
    """Returns groups of the same key together, each with its fold, in the order of the first."""
    found: dict[Hashable, list[tuple[str, Group]]] = defaultdict(list)
    for fold, group in items:
        found[key(group)].append((fold, group))
    return list(found.values())


def _by_studies(parts: Sequence[tuple[str, Group]]) -> bool:
    """Whether the studies of several folds chose the same."""
    chosen = {run.setup.group for _, group in parts for run in group.runs}
    return len(chosen) > 1 and all(name.startswith(GROUP) for name in chosen)


def _settings(group: Group) -> Hashable:
    """Returns what a group has in common with itself in other folds."""
    return group.output, _variant(group)


def _variant(group: Group) -> str:
    if group.brought_along:
        return group.model
    setup = group.runs[0].setup
    settings = {key: own for key, own in settings_of(setup).items() if key != "dataset.split"}
    return json.dumps([setup.model, setup.code, settings], sort_keys=True)


def _group_name(group: Group) -> Hashable:
    """Returns what groups have in common whose settings may differ between folds."""
    if group.brought_along:
        return group.output, group.model
    setup = group.runs[0].setup
    return group.output, setup.model, setup.code, _search(group)


def _search(group: Group) -> str:
    """Returns the group that a search's runs were given; empty for what studies chose."""
    name = group.runs[0].setup.group
    return "" if name.startswith(GROUP) else name


def _whole(across: AcrossFolds, folds: Sequence[str]) -> bool:
    return set(across.parts) == set(folds) and bool(common_seeds(across.parts.values()))


def _lacking(across: AcrossFolds, folds: Sequence[str], pooled: bool) -> str:
    """Returns a warning of the folds that it lacks; empty if none, or if it is in one fold only."""
    missing = across.missing(folds)
    if not missing or len(across.parts) == 1:
        return ""
    how = "pooled over the seeds that every fold has" if pooled else "not pooled over its folds"
    return f"{title_of(across.first.model)}: {how}; missing: {missing}."


def _several(across: AcrossFolds, folds: Sequence[str]) -> str:
    if len(across.parts) == 1:
        return ""
    return (
        f"{title_of(across.first.model)}: not pooled over its folds, since {', '.join(folds)} has "
        "runs of several settings and no setting is in every fold. Train one in every fold, or "
        "give those that belong together a group of their own."
    )
