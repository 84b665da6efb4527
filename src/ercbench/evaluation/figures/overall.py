"""Who is better than whom, and how close to what is possible."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ercbench.evaluation.ceilings import ceiling_scores
from ercbench.evaluation.compare.breakdown import deviation, final_groups
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures.style import (
    BLUE,
    DIFFERENCES,
    VERMILLION,
    cells,
    panels,
    rows_of_names,
    text_colour,
    wrapped,
)
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.metrics import Metric


def pairwise_matrix(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns how much the model of a row is ahead of that of a column, and the adjusted p."""
    names = [group.name for group in final_groups(comparison)]
    main = comparison.test.main
    pairs = [p for p in analysis.pairs[main.name] if {p.first, p.second} <= set(names)]
    if not pairs:
        return None
    figure, (axes,) = panels(1, (0.85 * len(names) + 1.6, 0.55 * len(names) + 0.9))
    _cells(axes, pairs, names, analysis, main)
    places = np.arange(len(names)) + 0.5
    titles = [wrapped(comparison.marked(name)) for name in names]
    axes.set_xticks(places, titles, rotation=90 if len(names) > 4 else 0)
    axes.xaxis.tick_top()
    axes.set_yticks(places, titles)
    return figure


def ceilings(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns models' accuracy between the ceilings of the simulated corpus."""
    if not comparison.test.simulated:
        return None
    entries = sorted(_models(comparison) + _limits(comparison), key=lambda entry: -entry.accuracy)
    figure, (axes,) = panels(1, (7.2, 0.3 * len(entries) + 0.8))
    rows = rows_of_names(axes, [entry.name for entry in entries])
    for row, entry in zip(rows, entries, strict=True):
        if entry.spread is None:
            axes.plot(entry.accuracy, row, "|", color=VERMILLION, markersize=12, markeredgewidth=2)
        else:
            axes.errorbar(entry.accuracy, row, xerr=entry.spread, fmt="o", color=BLUE)
    axes.set_xlabel("accuracy on SIMULATED data, %")
    return figure


class _Entry(NamedTuple):
    """A model or a ceiling, in per cent; a ceiling has no spread."""

    name: str
    accuracy: float
    spread: float | None


def _models(comparison: Comparison) -> list[_Entry]:
    groups = final_groups(comparison)
    scores = [[100 * run["accuracy"] for run in group.scores] for group in groups]
    return [
        _Entry(comparison.marked(group.name), float(np.mean(own)), deviation(own))
        for group, own in zip(groups, scores, strict=True)
    ]


def _limits(comparison: Comparison) -> list[_Entry]:
    limits = ceiling_scores(comparison).items()
    return [_Entry(f"ceiling: {name}", 100 * accuracy, None) for name, (accuracy, _) in limits]


def _cells(
    axes: Axes, pairs: list[Pair], names: list[str], analysis: Analysis, main: Metric
) -> None:
    points = np.full((len(names), len(names)), np.nan)
    texts = {}
    for pair in pairs:
        row, column = names.index(pair.first), names.index(pair.second)
        points[row, column], points[column, row] = pair.difference, -pair.difference
        texts[row, column] = texts[column, row] = _said(pair), analysis.is_bold(pair)
    most = np.nanmax(np.abs(points)) or 1
    shades = DIFFERENCES((points / most + 1) / 2)
    shades[np.isnan(points)] = 0
    cells(axes, shades)
    for (row, column), (p, bold) in texts.items():
        sign = "+" if points[row, column] >= 0 else ""
        text = f"{sign}{main.written(points[row, column])}\n{p}".replace("-", "\N{MINUS SIGN}")
        look: dict[str, Any] = {
            "color": text_colour(shades[row, column]),
            "weight": "bold" if bold else "normal",
        }
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", size=8, **look)


def _said(pair: Pair) -> str:
    if pair.claim is None:
        return "one seed"
    return "p < 0.001" if pair.claim.p < 0.001 else f"p = {pair.claim.p:.3f}"
