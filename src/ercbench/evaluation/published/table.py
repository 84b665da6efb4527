"""The verdicts on a paper as a table."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, stdev

from ercbench.evaluation.published.verdict import INSIDE, Trainings, Verdict
from ercbench.evaluation.tables.table import EMPTY, Cell, Column, Kind, Table
from ercbench.metrics import METRICS

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("row", "text"),
    ("on", "text"),
    ("score", "text"),
    ("published", "percent"),
    ("its kind", "text"),
    ("ours", "percent"),
    ("interval of", "text"),
    ("published lies", "text"),
    ("seeds", "count"),
    ("its split", "text"),
    ("our split", "text"),
    ("its epoch chosen on", "text"),
    ("our epoch chosen on", "text"),
    ("chosen on test", "percent"),
    ("features, deviations", "text"),
)
NOTES = (
    "its: the published number's; ours: per cent on test, mean ± sd over seeds; of an interval of "
    "the best of several runs, the best of our seeds",
    "95 % intervals over trainings, on the test dialogues that the paper has too: Student's t of "
    "our seeds, which are taken for draws of one normal distribution. A mean is held against the "
    "interval of the mean; a single run, and a number of unknown kind, against that of one more "
    "run; a best of several runs against that of the best of as many, and beside it against that "
    "of the mean, which tells how much being the best is worth and decides nothing",
    "published lies inside, above or below the interval; a number on another split, or of a model "
    "that saw more, is not comparable",
    "chosen on test: the mean that the same runs would have claimed by choosing the epoch on the "
    "test part; the verdict takes these scores where the paper chose so",
)


def verdict_table(found: Sequence[Verdict], paper: str) -> Table:
    """Returns a row per comparison of a published number with ours."""
    return Table(
        name="verdict",
        corpus=paper,
        title=f"{paper}: published rows, and ours",
        columns=tuple(Column(*column) for column in COLUMNS),
        rows=tuple(_row(verdict) for verdict in found),
        notes=(*NOTES, *_sources(found)),
    )


def for_terminal(table: Table) -> Table:
    """Returns a table of verdicts without its last column, whose long texts become notes."""
    told = {f"{row[0].value} on {row[1].value}: {row[-1].value}": None for row in table.rows}
    rows = tuple(row[:-1] for row in table.rows)
    return replace(table, columns=table.columns[:-1], rows=rows, notes=(*told, *table.notes))


def _row(verdict: Verdict) -> tuple[Cell, ...]:
    attempt, own, ours = verdict.attempt, verdict.published, verdict.ours
    told = "; ".join(filter(None, (attempt.reason, attempt.features, attempt.deviations)))
    return (
        Cell(attempt.row),
        Cell(attempt.corpus),
        Cell(METRICS[verdict.score].title),
        Cell(own.value) if own else EMPTY,
        Cell(own.statistic) if own else EMPTY,
        _score(ours) if ours else EMPTY,
        Cell(ours.statistic) if ours else EMPTY,
        Cell(verdict.word, bold=verdict.word == INSIDE),
        Cell(len(attempt.runs)),
        Cell(own.split) if own else EMPTY,
        Cell(ours.split) if ours else EMPTY,
        Cell(own.selection) if own else EMPTY,
        Cell(ours.selection) if ours else EMPTY,
        EMPTY if verdict.on_test is None else Cell(verdict.on_test),
        Cell(told),
    )


def _score(ours: Trainings) -> Cell:
    """Returns the best of our seeds against a best of several runs, else their mean."""
    scores, several = ours.scores, len(ours.scores) > 1
    if ours.best_of and ours.best_of > 1:
        return Cell(max(scores), interval=ours.interval)
    return Cell(mean(scores), stdev(scores) if several else None, ours.interval)


def _sources(found: Sequence[Verdict]) -> list[str]:
    """Returns a note for each row: where its numbers were found."""
    rows: dict[str, list[str]] = {}
    for own in (verdict.published for verdict in found):
        if own:
            where = f"{own.row} on {own.corpus} ({own.classes} labels)"
            rows.setdefault(own.source, []).append(f"{METRICS[own.score].title} of {where}")
    listed = {source: " and ".join(dict.fromkeys(names)) for source, names in rows.items()}
    return [f"source of {names}: {source}" for source, names in listed.items()]
