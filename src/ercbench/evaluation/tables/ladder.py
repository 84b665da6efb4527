"""The table of a ladder: what each step has, and what it adds to the one before."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.statistics.results import Analysis, Estimate, Pair
from ercbench.evaluation.tables import notes
from ercbench.evaluation.tables.table import EMPTY, Cell, Column, Table
from ercbench.evaluation.tables.tables import make_table


@dataclass(frozen=True)
class Added:
    """What a step adds to the one before it; shares of 1.

    Attributes:
        difference: Of the means over seeds, negative where it takes away.
        interval: The simultaneous 95 % interval, None where nothing is claimed.
        p: Adjusted over all pairs, likewise.
        bold: Whether tables and figures claim the step.
    """

    difference: float
    interval: tuple[float, float] | None
    p: float | None
    bold: bool


@dataclass(frozen=True)
class Step:
    """A step of a ladder.

    Attributes:
        name: Of its group.
        estimate: Its main score.
        added: What it adds to the step before; None of the first.
    """

    name: str
    estimate: Estimate
    added: Added | None


def steps_of(comparison: Comparison, analysis: Analysis) -> list[Step]:
    """Returns the steps of a comparison's ladder by its main score, lowest first."""
    score = comparison.test.main.name
    added = [None, *_added(comparison, analysis)] if comparison.ladder else []
    return [
        Step(name, analysis.estimates[name][score], own)
        for name, own in zip(comparison.ladder, added, strict=True)
    ]


def ladder_tables(comparison: Comparison, analysis: Analysis) -> list[Table]:
    """Returns the table of the ladder, a row per step; none where none is asked for."""
    steps, main = steps_of(comparison, analysis), comparison.test.main
    if not steps:
        return []
    columns = [
        Column("step", "text"),
        *(Column(title, main.kind) for title in (main.title, "adds")),
        Column("p", "p"),
    ]
    rows = [(*_step(step, comparison), *_cells(step.added)) for step in steps]
    said = notes.ladder_notes(comparison, analysis)
    title = f"what each step adds, by {main.title}"
    return [make_table("ladder", title, comparison, columns, rows, said)]


def _added(comparison: Comparison, analysis: Analysis) -> Iterator[Added]:
    main = comparison.test.main
    pairs = {frozenset((p.first, p.second)): p for p in analysis.pairs[main.name]}
    for before, own in pairwise(comparison.ladder):
        pair = pairs[frozenset((before, own))]
        yield _of(pair, up=pair.first == own, bold=analysis.is_bold(pair))


def _of(pair: Pair, up: bool, bold: bool) -> Added:
    claim, difference = pair.claim, pair.difference if up else -pair.difference
    if claim is None:
        return Added(difference, None, None, bold)
    return Added(
        difference, (claim.low, claim.high) if up else (-claim.high, -claim.low), claim.p, bold
    )


def _step(step: Step, comparison: Comparison) -> tuple[Cell, Cell]:
    own = step.estimate
    return (
        Cell(comparison.marked(step.name)),
        Cell(own.mean, own.deviation, (own.low, own.high)),
    )


def _cells(added: Added | None) -> tuple[Cell, Cell]:
    if added is None:
        return EMPTY, EMPTY
    return Cell(added.difference, interval=added.interval, bold=added.bold), Cell(added.p)
