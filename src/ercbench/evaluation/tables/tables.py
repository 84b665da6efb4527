"""Tables of a comparison as plain rows; `render` makes them text."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from statistics import mean, stdev

import numpy as np

from ercbench.evaluation.ceilings import ceiling_scores
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.published.values import Published, published
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.evaluation.tables import notes
from ercbench.evaluation.tables.common_notes import features_differ
from ercbench.evaluation.tables.table import EMPTY, Cell, Column, Table
from ercbench.metrics import METRICS, Metric, compared, metrics_of
from ercbench.models.registry import reconstruction_of


def tables(comparison: Comparison, analysis: Analysis) -> list[Table]:
    """Returns all tables of a comparison that have anything to show."""
    test = comparison.test
    scores = compared(test.target)
    pairs = [pairs_table(comparison, analysis, score) for score in scores]
    outputs = [outputs_table(comparison, analysis, score) for score in scores]
    found = [
        scores_table(comparison, analysis),
        classes_table(comparison),
        *([] if test.trained_on or test.folds else [released_table(comparison, analysis)]),
        *pairs,
        *outputs,
    ]
    return [table for table in found if table.rows]


def scores_table(comparison: Comparison, analysis: Analysis) -> Table:
    """Returns all scores of every group, the best one last by the first, ceilings among them."""
    several, metrics = features_differ(comparison), metrics_of(comparison.test.target)
    first = metrics[0]
    rows = [
        (
            first.sign * analysis.estimates[group.name][first.name].mean,
            (
                _name(group, comparison),
                *([Cell(notes.features_seen(group, comparison))] if several else []),
                Cell(len(group.seeds)),
                Cell(group.budget.short),
                *(_score(group, metric, analysis) for metric in metrics),
                _mean([run.execution.parameters for run in group.runs]),
                _mean([run.execution.seconds for run in group.runs]),
            ),
        )
        for group in comparison.groups
    ]
    for name, (accuracy, f1) in ceiling_scores(comparison).items():
        known = {"accuracy": Cell(accuracy), "weighted_f1": Cell(f1)}
        scores = [known.get(metric.name, EMPTY) for metric in metrics]
        blank = [EMPTY] * (2 + several)
        rows.append((accuracy, (Cell(f"ceiling: {name}"), *blank, *scores, EMPTY, EMPTY)))
    columns = [
        Column("model", "text"),
        *([Column("features", "text")] if several else []),
        Column("seeds", "count"),
        Column("trials", "text"),
        *(Column(metric.title, metric.kind) for metric in metrics),
        *(Column(title, "whole") for title in ("parameters", "seconds")),
    ]
    in_order = [row for _, row in sorted(rows, key=lambda row: row[0])]
    said = notes.scores_notes(comparison, analysis)
    return make_table("scores", "scores", comparison, columns, in_order, said)


def classes_table(comparison: Comparison) -> Table:
    """Returns the F1 of every class by group, with the number of its utterances."""
    labels, truth = comparison.test.labels, comparison.test.truth
    support = [int(np.count_nonzero(truth == index)) for index in range(len(labels))]
    rows = [
        (
            _name(group, comparison),
            *(
                _mean([scores.class_f1[index] if count else None for scores in group.scores])
                for index, count in enumerate(support)
            ),
        )
        for group in comparison.groups
    ]
    titles = [f"{label} ({count})" for label, count in zip(labels, support, strict=True)]
    columns = [Column("model", "text"), *map(Column, titles)]
    return make_table(
        "classes", "F1 per class", comparison, columns, rows, notes.classes_notes(comparison)
    )


def released_table(comparison: Comparison, analysis: Analysis) -> Table:
    """Returns what choosing on test would have gained, and what the papers print."""
    rows, shown, elsewhere = [], [], []
    main = comparison.test.main
    alike = [name for name in analysis.pairs if METRICS[name].kind == main.kind]
    for group in comparison.groups:
        entries = _published(group, comparison)
        here = [entry for entry in entries if entry.split == comparison.test.split]
        shown += here
        elsewhere += [entry for entry in entries if entry not in here]
        watched = any(run.results.as_released for run in group.runs)
        for score in alike:
            own: list[Published | None] = [entry for entry in here if entry.score == score]
            if watched and not own:
                own.append(None)
            name = _name(group, comparison)
            rows += [(name, *_released(group, score, analysis, entry)) for entry in own]
    titles = ("chosen on validation", "chosen on test", "gained", "published", "above published")
    columns = [
        *(Column(title, "text") for title in ("model", "score")),
        *(Column(title, main.kind) for title in titles),
    ]
    filled = [index for index in range(len(columns)) if any(row[index] != EMPTY for row in rows)]
    return make_table(
        "released",
        "epochs chosen on test, and published values",
        comparison,
        [columns[index] for index in filled],
        [tuple(row[index] for index in filled) for row in rows],
        notes.released_notes(comparison, shown, elsewhere),
    )


def pairs_table(comparison: Comparison, analysis: Analysis, score: str) -> Table:
    """Returns every pair of models' final outputs, compared by one score."""
    title = f"every pair, by {METRICS[score].title}"
    said = notes.pairs_notes(comparison, analysis, score)
    return _pairs(f"pairs-{score}", title, comparison, analysis, analysis.pairs, score, said)


def outputs_table(comparison: Comparison, analysis: Analysis, score: str) -> Table:
    """Returns every model's other outputs beside its final one, compared by one score."""
    title = f"a model's outputs, by {METRICS[score].title}"
    said = notes.outputs_notes(comparison, analysis)
    return _pairs(f"outputs-{score}", title, comparison, analysis, analysis.outputs, score, said)


def _pairs(
    name: str,
    title: str,
    comparison: Comparison,
    analysis: Analysis,
    pairs: Mapping[str, Sequence[Pair]],
    score: str,
    said: Sequence[str],
) -> Table:
    columns = [
        *(Column(title, "text") for title in ("better", "worse")),
        Column("difference", METRICS[score].kind),
        *(Column(title, "p") for title in ("p", "p of these networks")),
        Column("P(better)"),
        Column("detectable", METRICS[score].kind),
    ]
    ordered = sorted(pairs[score], key=lambda pair: -pair.difference)
    rows = [_pair(pair, comparison, analysis) for pair in ordered]
    return make_table(name, title, comparison, columns, rows, said)


def _pair(pair: Pair, comparison: Comparison, analysis: Analysis) -> tuple[Cell, ...]:
    bold, claim = analysis.is_bold(pair), pair.claim
    return (
        Cell(comparison.marked(pair.first), bold=bold),
        Cell(comparison.marked(pair.second)),
        Cell(pair.difference, interval=(claim.low, claim.high) if claim else None, bold=bold),
        Cell(claim.p if claim else None),
        Cell(pair.p_networks),
        *map(Cell, (claim.probability, claim.detectable) if claim else (None, None)),
    )


def make_table(
    name: str,
    title: str,
    comparison: Comparison,
    columns: Iterable[Column],
    rows: Iterable[tuple[Cell, ...]],
    said: Iterable[str],
) -> Table:
    """Returns a table whose title says on which corpus, split and features it is.

    Args:
        name: What it shows, in one word.
        title: The same in words.
        comparison: What it is about.
        columns: Their heads.
        rows: A cell per column each.
        said: What the reader has to know.
    """
    test = comparison.test
    where = [test.title, test.part]
    if not features_differ(comparison):
        where += next((list(group.features) for group in comparison.groups if group.features), [])
    full = f"{', '.join(where)}: {title}"
    return Table(name, test.title, full, tuple(columns), tuple(rows), tuple(said))


def _name(group: Group, comparison: Comparison) -> Cell:
    marks = " †" if reconstruction_of(group.model) else ""
    marks += " LEAK" if any(run.setup.leaks for run in group.runs) else ""
    unknown = any(run.setup.unknown_provenance for run in group.runs)
    marks += " PROVENANCE UNKNOWN" if unknown else ""
    return Cell(comparison.marked(group.name) + marks)


def _score(group: Group, metric: Metric, analysis: Analysis) -> Cell:
    """Returns a metric's mean over seeds and, if models are compared by it, its interval."""
    if not metric.compared:
        return _mean([scores[metric.name] for scores in group.scores])
    estimate = analysis.estimates[group.name][metric.name]
    ends, bold = (estimate.low, estimate.high), analysis.best[metric.name] == group.name
    return Cell(estimate.mean, estimate.deviation, ends, bold)


def _mean(values: Sequence[float | None]) -> Cell:
    known = [value for value in values if value is not None and not isnan(value)]
    if not known:
        return Cell(None)
    return Cell(mean(known), stdev(known) if len(known) > 1 else None)


def _published(group: Group, comparison: Comparison) -> list[Published]:
    if group.output != "final" or group.brought_along:
        return []
    test = comparison.test
    return published(group.model, group.features, test.corpus, len(test.labels))


def _released(
    group: Group, score: str, analysis: Analysis, entry: Published | None
) -> tuple[Cell, ...]:
    found = [(run.results.as_released, run.results.test) for run in group.runs]
    runs = [(ours, test) for ours, test in found if ours and test and group.output == "final"]
    ours = analysis.estimates[group.name][score]
    on_test = [claimed.test[score] for claimed, _ in runs]
    sign = METRICS[score].sign
    gained = [sign * (claimed.test[score] - test[score]) for claimed, test in runs]
    return (
        Cell(METRICS[score].title),
        Cell(ours.mean, ours.deviation),
        *((_mean(on_test), _mean(gained)) if runs else (EMPTY, EMPTY)),
        *((Cell(entry.value), Cell(ours.mean - entry.value)) if entry else (EMPTY, EMPTY)),
    )
