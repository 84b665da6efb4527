"""How a search for settings went, and what a budget is worth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    drawable,
    panels,
    rows_of_names,
    wrapped,
)
from ercbench.evaluation.statistics.results import Analysis
from ercbench.evaluation.tuning.search import best_so_far
from ercbench.evaluation.tuning.studies import expectations, score_of
from ercbench.records.study import StudyRecord, Trial

# More curves are a carpet, and more points of one are not seen.
MOST_CURVES, MOST_POINTS = 150, 40
LOOKS: dict[str, dict[str, Any]] = {
    "complete": {"marker": "o", "color": BLUE},
    "pruned": {"marker": "x", "color": GREY},
}


def score_by_budget(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns the expected best score of n trials: a panel per study, before all others in grey."""
    found = expectations(comparison.studies)
    if not found:
        return None
    figure, every = panels(len(found), (2.5, 2.1))
    every[0].set_ylim(*_limits([100 * own.mean[1:] for own in found.values()]))
    every[0].set_xscale("log")
    for axes, (name, own) in zip(every, found.items(), strict=True):
        for other in found.values():
            axes.plot(_trials(other.mean), 100 * other.mean, color=GREY, linewidth=0.8, alpha=0.7)
        mean, spread, trials = 100 * own.mean, 100 * own.deviation, _trials(own.mean)
        axes.fill_between(trials, mean - spread, mean + spread, color=BLUE, alpha=0.15, linewidth=0)
        axes.plot(trials, mean, color=BLUE, linewidth=1.8)
        axes.set_title(wrapped(name))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        _plain_ticks(axes)
    figure.supxlabel("trials", fontsize=9)
    figure.supylabel(f"{score_of(comparison.studies[0])} on validation, %", fontsize=9)
    return figure


def search(study: StudyRecord) -> Figure | None:
    """Returns the score of each trial, and the best so far."""
    best = best_so_far([trial.value for trial in study.trials])
    if np.isnan(best).all():
        return None
    figure, (axes,) = panels(1, (7.2, 2.6))
    for state, look in LOOKS.items():
        own = [trial for trial in study.trials if trial.state == state and trial.value is not None]
        numbers, scores = [trial.number for trial in own], [_percent(trial) for trial in own]
        axes.plot(numbers, scores, linestyle="", markersize=4, label=state, **look)
    numbers = [trial.number for trial in study.trials]
    axes.step(numbers, 100 * best, where="post", color=VERMILLION, label="best so far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{score_of(study)}, %")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return figure


def trial_curves(study: StudyRecord) -> Figure | None:
    """Returns the learning curve of each trial, pruned ones faint, the chosen one before all."""
    known = [trial for trial in study.trials if trial.curve]
    if not known:
        return None
    figure, (axes,) = panels(1, (7.2, 2.6))
    for trial in _some(known, study.chosen):
        if trial.number == study.chosen:
            look: dict[str, Any] = {"color": ORANGE, "linewidth": 2, "zorder": 3, "label": "chosen"}
        else:
            colour, alpha = (BLUE, 0.6) if trial.state == "complete" else (GREY, 0.3)
            look = {"color": colour, "alpha": alpha, "linewidth": 0.8}
        epochs = _thinned(len(trial.curve))
        axes.plot(epochs, [100 * trial.curve[epoch] for epoch in epochs], **look)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"{score_of(study)}, %")
    return figure


def importances(study: StudyRecord) -> Figure | None:
    """Returns how much of the scores' variance each knob explains, the most on top."""
    if not study.importances:
        return None
    ordered = sorted(study.importances.items(), key=lambda item: -item[1])
    figure, (axes,) = panels(1, (6.4, 0.26 * len(ordered) + 0.7))
    rows = rows_of_names(axes, [_knob(name) for name, _ in ordered])
    axes.barh(rows, [100 * share for _, share in ordered], color=BLUE, height=0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("importance, %")
    return figure


def score_by_knob(study: StudyRecord) -> Figure | None:
    """Returns the score by each knob's value, a panel per knob, the most important first."""
    order = sorted(study.space, key=lambda name: -study.importances.get(name, 0.0))
    known = [trial for trial in study.trials if trial.value is not None]
    drawn = [name for name in order if any(name in trial.params for trial in known)]
    if not drawn:
        return None
    figure, every = panels(len(drawn), (2.3, 1.9), share_x=False)
    for axes, name in zip(every, drawn, strict=True):
        axes.set_title(wrapped(_knob(name)))
        _by_value(axes, name, [trial for trial in known if name in trial.params])
    figure.supylabel(f"{score_of(study)}, %", fontsize=9)
    return figure


def _by_value(axes: Axes, name: str, trials: Sequence[Trial]) -> None:
    """Draws scores over values: in their order where they are numbers, else side by side."""
    values = [trial.params[name] for trial in trials]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        places = dict(zip(values, values, strict=True))
        if min(values) > 0 and max(values) >= 30 * min(values):
            axes.set_xscale("log")
            _plain_ticks(axes)
    else:
        names = sorted({str(value) for value in values})
        places = {value: names.index(str(value)) for value in values}
        axes.set_xticks(range(len(names)), [drawable(own) for own in names])
        axes.set_xlim(-0.5, len(names) - 0.5)
    for state, look in LOOKS.items():
        own = [trial for trial in trials if trial.state == state]
        where = [places[trial.params[name]] for trial in own]
        axes.plot(where, list(map(_percent, own)), linestyle="", markersize=3.5, alpha=0.7, **look)


def _some(trials: Sequence[Trial], chosen: int | None) -> list[Trial]:
    """Returns trials at equal distances, of which there are not too many, and the chosen one."""
    step = -(-len(trials) // MOST_CURVES)
    return [own for n, own in enumerate(trials) if n % step == 0 or own.number == chosen]


def _thinned(count: int) -> list[int]:
    """Returns the indices of at most `MOST_POINTS` of so many, the first and the last included."""
    return np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int).tolist()


def _limits(lines: Sequence[np.ndarray]) -> tuple[float, float]:
    """Returns limits for several lines, of which any may be empty."""
    values = np.concatenate(lines)
    if not len(values):
        return 0.0, 100.0
    low, high = values.min(), values.max()
    margin = 0.1 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _plain_ticks(axes: Axes) -> None:
    """Writes the ticks of a logarithmic axis as plain numbers, for which no font is needed."""
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _trials(mean: np.ndarray) -> np.ndarray:
    return np.arange(1, len(mean) + 1)


def _percent(trial: Trial) -> float:
    return 100 * (trial.value or 0.0)


def _knob(name: str) -> str:
    return name.removeprefix("model.")
