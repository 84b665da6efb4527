"""Where in a dialogue models are right: by place, by length, where emotions shift or stay."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ercbench.evaluation.compare.breakdown import (
    deviation,
    doubling_bins,
    final_groups,
    lengths,
    over_seeds,
    places,
    shifts_and_stays,
)
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.figures.style import BLUE, GREY, VERMILLION, panels, rows_of_names, wrapped
from ercbench.evaluation.statistics.results import Analysis

# Scores of fewer utterances say nothing; their bin joins its neighbour.
FEWEST = 20


def f1_by_place(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns weighted F1 by the place of the utterance in its dialogue, a panel per model."""
    return _by_bins(comparison, places(comparison.test), "place of the utterance in its dialogue")


def f1_by_length(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns weighted F1 by the number of utterances of the dialogue, a panel per model."""
    return _by_bins(comparison, lengths(comparison.test), "utterances in the dialogue")


def shift_f1(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns weighted F1 where a speaker's emotion shifts and where it stays, a row per model."""
    test, groups = comparison.test, final_groups(comparison)
    masks = dict(zip(("shifts", "stays"), shifts_and_stays(test), strict=True))
    if not all(mask.any() for mask in masks.values()):
        return None
    figure, (axes,) = panels(1, (6.4, 0.3 * len(groups) + 0.9))
    rows = rows_of_names(axes, [comparison.marked(group.name) for group in groups])
    means, spreads = _scores(test.truth, groups, list(masks.values()))
    axes.hlines(rows, *means.T, color=GREY, linewidth=1.5)
    looks = {"shifts": ("d", VERMILLION), "stays": ("o", BLUE)}
    for column, (name, (marker, colour)) in enumerate(looks.items()):
        axes.errorbar(
            means[:, column],
            rows,
            xerr=spreads[:, column],
            fmt=marker,
            color=colour,
            markersize=6,
            label=f"emotion {name}  (n = {masks[name].sum():,})",
        )
    axes.set_xlabel("weighted F1, %")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure


def _by_bins(comparison: Comparison, values: np.ndarray, name: str) -> Figure:
    """Draws each model, mean ± sd over seeds, before all others in grey."""
    truth, groups = comparison.test.truth, final_groups(comparison)
    bins = {
        f"{title}\n{mask.sum():,}": mask
        for title, mask in doubling_bins(values, truth >= 0, FEWEST).items()
    }
    means, spreads = _scores(truth, groups, list(bins.values()))
    width = max(2.4, 0.42 * len(bins))
    figure, every = panels(len(groups), (width, 2.0), columns=int(10 / width))
    for axes, group, mean, own in zip(every, groups, means, spreads, strict=True):
        axes.plot(means.T, color=GREY, linewidth=0.8, alpha=0.7)
        axes.errorbar(range(len(bins)), mean, own, fmt="o-", color=BLUE, markersize=4)
        axes.set_xticks(range(len(bins)), list(bins))
        axes.grid(visible=False, axis="x")
        axes.set_title(wrapped(comparison.marked(group.name)))
    figure.supxlabel(f"{name} (below: how many utterances)", fontsize=9)
    figure.supylabel("weighted F1, %", fontsize=9)
    return figure


def _scores(
    truth: np.ndarray, groups: Sequence[Group], masks: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and sd over seeds of weighted F1 in per cent: twice [groups, masks]."""
    scores = [[100 * over_seeds(truth, group, mask) for mask in masks] for group in groups]
    means = np.array([[own.mean() for own in row] for row in scores])
    return means, np.array([[deviation(own) for own in row] for row in scores])
