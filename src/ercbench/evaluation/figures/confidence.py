"""Whether models know how sure they may be."""

import numpy as np
from matplotlib.figure import Figure

from ercbench.evaluation.compare.breakdown import final_groups, reliability
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures.style import BLUE, GREY, panels, wrapped
from ercbench.evaluation.statistics.results import Analysis


def calibration(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns a reliability diagram per model, all seeds together (Guo et al. 2017)."""
    groups = [group for group in final_groups(comparison) if group.has_probabilities]
    if not groups:
        return None
    figure, every = panels(len(groups), (2.3, 2.4))
    for axes, group in zip(every, groups, strict=True):
        found = reliability(comparison.test.truth, group.probabilities)
        axes.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, linestyle="--")
        said, right = 100 * found.confidence, 100 * found.accuracy
        axes.plot(said, right, color=BLUE, linewidth=1)
        axes.scatter(said, right, 4 + 250 * found.share, color=BLUE, linewidths=0, zorder=3)
        axes.set_title(wrapped(comparison.marked(group.name)))
        error = np.mean([scores["ece"] for scores in group.scores])
        axes.text(0, 100, f"ECE {100 * error:.1f}", va="top")
        axes.set_aspect("equal")
    figure.supxlabel("probability of the prediction, %", fontsize=9)
    figure.supylabel("of these correct, %", fontsize=9)
    return figure
