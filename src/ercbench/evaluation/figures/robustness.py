"""The figure of each damage: a curve per model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ercbench.data.damage import labels_of
from ercbench.evaluation.figures import Drawing
from ercbench.evaluation.figures.style import BLUE, GREY, panels, save, styled, wrapped
from ercbench.evaluation.robustness.curves import Robustness
from ercbench.evaluation.tables.robustness import CURVES, title_of

CAPTION = (
    "Blue: this model, mean over draws and seeds; the band is the 95 % interval over dialogues and "
    "seeds. Grey: all models. No model was trained for this."
)
AXES = {
    "drop": "rate of missing, %",
    "noise": "signal-to-noise ratio, dB",
    "recordings": "signal-to-noise ratio of recordings, dB",
    "words": "word error rate, %",
}


def draw_robustness(found: Sequence[Robustness], folder: Path) -> list[Drawing]:
    """Draws a figure of each damage.

    Args:
        found: What the damages cost.
        folder: Where the files go; it is made if needed.
    """
    drawings = []
    for own in found:
        name = f"{CURVES}-{own.damage.name}"
        with styled():
            figure = curves(own)
        title = title_of(own)
        files = save(figure, folder / name)
        drawings.append(Drawing(name, f"{title[0].upper()}{title[1:]}", CAPTION, *files))
    return drawings


def curves(found: Robustness) -> Figure:
    """Returns the main score by how much a modality is damaged, a panel per model."""
    main = found.comparison.test.main
    places = _places(found)
    seen = [[point.estimates[main.name].mean for point in own.points] for own in found.curves]
    means = main.scale * np.array(seen)
    figure, every = panels(len(found.curves), (2.5, 2.1))
    for axes, curve, mean in zip(every, found.curves, means, strict=True):
        axes.plot(places, means.T, color=GREY, linewidth=0.8, alpha=0.7)
        estimates = [point.estimates[main.name] for point in curve.points]
        low, high = main.scale * np.array([(own.low, own.high) for own in estimates]).T
        axes.fill_between(places, low, high, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(places, mean, "o-", color=BLUE, markersize=4)
        axes.set_title(wrapped(found.comparison.marked(curve.group.name)))
        names = [
            name.removesuffix(" %").removesuffix(" dB")
            for name in labels_of(found.levels, found.damage)
        ]
        axes.set_xticks(places, names)
    figure.supxlabel(AXES[found.damage.kind], fontsize=9)
    figure.supylabel(main.axis, fontsize=9)
    return figure


def _places(found: Robustness) -> list[float]:
    """Returns where levels stand: rates as they are, ratios in their order, clean first."""
    if found.damage.in_decibels:
        return [float(place) for place in range(len(found.levels))]
    return list(found.levels)
