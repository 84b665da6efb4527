"""What each step of a ladder adds to the one before."""

from itertools import pairwise

from matplotlib.figure import Figure

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures.style import BLUE, GREY, panels, rows_of_names
from ercbench.evaluation.statistics.results import Analysis
from ercbench.evaluation.tables.ladder import Added, steps_of
from ercbench.evaluation.tables.render import number
from ercbench.metrics import Metric


def ladder(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns a row per step, the first one on top; None where no ladder is asked for."""
    steps, main = steps_of(comparison, analysis), comparison.test.main
    if not steps:
        return None
    figure, (axes,) = panels(1, (7.2, 0.55 * len(steps) + 0.7))
    rows = rows_of_names(axes, [comparison.marked(step.name) for step in steps])
    for row, step in zip(rows, steps, strict=True):
        own = step.estimate
        mean, low, high = (main.scale * value for value in (own.mean, own.low, own.high))
        axes.errorbar(mean, row, xerr=[[mean - low], [high - mean]], fmt="o", color=BLUE)
    for (upper, before), (lower, step) in pairwise(zip(rows, steps, strict=True)):
        places = [main.scale * own.estimate.mean for own in (before, step)]
        axes.plot(places, (upper, lower), color=GREY, linewidth=0.8, zorder=0)
        if step.added:
            bold = "bold" if step.added.bold else "normal"
            axes.annotate(
                told(step.added, main),
                (1.02, (upper + lower) / 2),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                fontweight=bold,
            )
    axes.set_xlabel(main.axis)
    return figure


def told(added: Added, main: Metric) -> str:
    """Writes what a step adds: `+2.1 [0.3, 3.9]`."""
    sign = "+" if added.difference >= 0 else ""
    ends = (
        f" [{', '.join(number(end, main.kind) for end in added.interval)}]"
        if added.interval
        else ""
    )
    return f"{sign}{number(added.difference, main.kind)}{ends}"
