"""Which emotions are recognised, and what they are taken for."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ercbench.evaluation.compare.breakdown import deviation, final_groups
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.figures.style import (
    BLUE,
    GREY,
    SHARES,
    cells,
    panels,
    rows_of_names,
    text_colour,
    wrapped,
)
from ercbench.evaluation.statistics.results import Analysis


def confusion_matrices(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns a matrix per model: true emotion by row, predicted by column, summed over seeds."""
    labels = comparison.test.labels
    groups = final_groups(comparison)
    size = 0.42 * len(labels) + 0.4
    figure, every = panels(len(groups), (size, size + 0.5), columns=max(1, int(10.5 / size)))
    for axes, group in zip(every, groups, strict=True):
        _matrix(axes, summed_confusion(group), labels)
        axes.set_title(wrapped(comparison.marked(group.name)))
    figure.supxlabel("predicted", fontsize=9)
    figure.supylabel("true", fontsize=9)
    return figure


def class_f1(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns F1 per emotion: a panel per emotion, a row per model, mean ± sd over seeds."""
    test, groups = comparison.test, final_groups(comparison)
    support = np.bincount(test.truth[test.truth >= 0], minlength=len(test.labels))
    figure, every = panels(len(test.labels), (2.3, 0.24 * len(groups) + 0.75))
    for index, axes in enumerate(every):
        rows = rows_of_names(axes, [comparison.marked(group.name) for group in groups])
        scores = [[100 * run.class_f1[index] for run in group.scores] for group in groups]
        means, spreads = [np.mean(own) for own in scores], [deviation(own) for own in scores]
        axes.axvline(float(max(means)), color=GREY, linewidth=0.8)
        axes.errorbar(means, rows, xerr=spreads, fmt="o", color=BLUE, markersize=5)
        axes.set_title(wrapped(f"{test.labels[index]}  (n = {support[index]:,})"))
    figure.supxlabel("F1, %", fontsize=9)
    return figure


def summed_confusion(group: Group) -> np.ndarray:
    """Returns the counts of all seeds together: [C, C], true by predicted."""
    return np.sum([scores.confusion for scores in group.scores], axis=0).astype(np.int64)


def _matrix(axes: Axes, counts: np.ndarray, labels: tuple[str, ...]) -> None:
    """Colours cells by their share of the row; writes the share and, below it, the count."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    cells(axes, SHARES(shares))
    places = np.arange(len(labels)) + 0.5
    names = [wrapped(label, 14, lines=3) for label in labels]
    axes.set_xticks(places, names, rotation=90)
    axes.set_yticks(places, names)
    axes.set_aspect("equal")
    axes.tick_params(labelbottom=True)
    for (row, column), share in np.ndenumerate(shares):
        look: dict[str, Any] = {"color": text_colour(SHARES(share)), "ha": "center", "va": "center"}
        axes.text(column + 0.5, row + 0.38, f"{100 * share:.0f}", **look)
        axes.text(column + 0.5, row + 0.75, f"{counts[row, column]:,}", size=6, **look)
