"""How training went: a curve per seed."""

import csv
import warnings
from collections import defaultdict
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.figures.style import BLUE, ORANGE, panels, wrapped
from ercbench.evaluation.statistics.results import Analysis
from ercbench.metrics import METRICS, Metric
from ercbench.records.run_record import RunRecord

Curve = tuple[list[int], list[float]]


def learning_curves(comparison: Comparison, analysis: Analysis) -> Figure | None:
    """Returns the main score on validation by epoch, a panel per model and stage."""
    main = comparison.test.main
    curves = {
        (comparison.marked(group.name), stage): (group, by_seed)
        for group in final_groups(comparison)
        for stage, by_seed in _by_stage(group, main).items()
    }
    if not curves:
        return None
    figure, every = panels(len(curves), (2.3, 1.9))
    for axes, ((name, stage), (group, by_seed)) in zip(every, curves.items(), strict=True):
        axes.set_title(wrapped(f"{name}: {stage}" if stage else name))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for seed, curve in by_seed.items():
            _draw(axes, curve, _best_epoch(group.runs[seed], stage))
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel(main.axis, fontsize=9)
    return figure


def read_curves(path: Path, metric: Metric = METRICS["weighted_f1"]) -> dict[str, Curve]:
    """Reads a score on validation from `metrics.csv`: stage to (epochs, scores).

    Shares are in per cent.

    A run without the file, or whose file lacks the column, has no curves; one whose file is
    damaged has none either, with a warning.
    """
    if not path.is_file():
        return {}
    try:
        return _read_curves(path, metric)
    except (OSError, ValueError, csv.Error) as error:
        reason = str(error).splitlines()[0]
        warnings.warn(f"{path}: damaged ({reason}); its learning curve is left out", stacklevel=2)
        return {}


def _read_curves(path: Path, metric: Metric) -> dict[str, Curve]:
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row.get(f"val/{metric.name}"):
                epochs, scores = curves[row.get("stage") or ""]
                epochs.append(int(row.get("epoch") or ""))
                scores.append(metric.scale * float(row[f"val/{metric.name}"]))
    return dict(curves)


def _by_stage(group: Group, metric: Metric) -> dict[str, dict[int, Curve]]:
    stages: dict[str, dict[int, Curve]] = defaultdict(dict)
    for index, folder in enumerate(group.folders):
        for stage, curve in read_curves(folder / "metrics.csv", metric).items():
            stages[stage][index] = curve
    return stages


def _best_epoch(run: RunRecord, stage: str) -> int | None:
    """Returns the epoch that was chosen on validation, counted as in `metrics.csv`."""
    found = [own.best_epoch for own in run.results.stages if own.stage == stage]
    return found[0] if found else None


def _draw(axes: Axes, curve: Curve, best: int | None) -> None:
    epochs, scores = curve
    axes.plot(epochs, scores, color=BLUE, linewidth=1, alpha=0.7)
    if best in epochs:
        axes.plot(best, scores[epochs.index(best)], "o", color=ORANGE, markersize=4.5, zorder=3)
