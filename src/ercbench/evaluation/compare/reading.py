"""Runs put together: what nothing but the seed tells apart, and what can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ercbench.evaluation.compare.comparable import (
    apart,
    by_test_part,
    by_variant,
    one_per_seed,
    same_utterances,
    versions,
)
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.naming import differences, names
from ercbench.evaluation.compare.test_set import test_set_of
from ercbench.records.reading import StoredRun, read_runs


def read_comparisons(folder: Path) -> list[Comparison]:
    """Reads the runs of a folder and puts together what can be compared.

    Runs are compared if they have the same data, split and labels, and averaged only if nothing
    but the seed tells them apart. Whether an epoch was also chosen on test beside the honest
    choice (`protocol.as_released`) does not tell them apart: the honest numbers are the same.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    return comparisons_of(*read_runs(folder))


def comparisons_of(runs: Sequence[StoredRun], warnings: Sequence[str]) -> list[Comparison]:
    """Puts together what can be compared, as `read_comparisons` does.

    Args:
        runs: Any finished runs.
        warnings: Of what was left out, for every comparison.
    """
    parts = by_test_part(list(runs))
    return [_comparison(part, [*warnings, *apart(part, parts)]) for part in parts]


def _comparison(runs: Sequence[StoredRun], warnings: Sequence[str]) -> Comparison:
    runs, refused = same_utterances(runs)
    chosen = [one_per_seed(variant) for variant in by_variant(runs)]
    kept = [seeds for seeds, _ in chosen]
    said = [warning for _, own in chosen for warning in own]
    groups = tuple(sorted(_groups(kept), key=lambda group: group.name))
    comparison = Comparison(test_set_of(runs), groups, ())
    notes = [*warnings, *refused, *said, *versions(runs), *_seeds(comparison)]
    return replace(comparison, warnings=tuple(notes))


def _groups(variants: Sequence[Sequence[StoredRun]]) -> Iterable[Group]:
    setups = [variant[0].record.setup for variant in variants]
    for variant, setup, name in zip(variants, setups, names(setups), strict=True):
        for output in variant[0].probabilities:
            yield Group.of_runs(name.of(output), variant, output, differences(setup, setups))


def _seeds(comparison: Comparison) -> list[str]:
    warnings = []
    for group in (group for group in comparison.groups if group.output == "final"):
        missing = comparison.missing_seeds(group)
        if missing:
            listed = ", ".join(map(str, missing))
            warnings.append(f"{group.name}: no run of seed {listed}, which other models have.")
    return warnings
