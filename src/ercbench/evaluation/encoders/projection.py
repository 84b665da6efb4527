"""Vectors in the plane, before and after training, coloured by label and by speaker."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from ercbench.files import replacing

MOST = 2000  # points, spread evenly over the part; more are a blot
PERPLEXITY = 30.0
SHOWN = 10  # groups with a colour of their own; the rest are grey
# Okabe and Ito's colours and four more, told apart by the colour-blind together with the markers
COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"),
    *("#56B4E9", "#F0E442", "#000000", "#8C564B", "#7F7FFF"),
)
MARKERS = "osD^vP*Xph"


@dataclass(frozen=True)
class Vectors:
    """Labelled vectors of one part of a corpus.

    Attributes:
        values: [N, D].
        labels: [N] indices of labels.
        speakers: [N] names.
    """

    values: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray


def draw_projection(before: Vectors, after: Vectors, labels: Sequence[str], path: Path) -> None:
    """Draws t-SNE maps (van der Maaten and Hinton 2008) of the same utterances, twice.

    Rows are before and after training, columns label and speaker. What the encoder learned
    shows where labels come apart, what it should not have learned where speakers do. Distances
    between far groups, and axes, mean nothing.

    Args:
        before: Vectors of the untrained encoder.
        after: Of the trained one, the same utterances.
        labels: Label names.
        path: The png file.
    """
    chosen = np.unique(np.linspace(0, len(before.labels) - 1, MOST).astype(int))
    figure = Figure(figsize=(11, 9), layout="constrained")
    axes: Any = figure.subplots(2, 2, sharex="row", sharey="row")
    for row, name, own in zip(axes, ("untrained", "trained"), (before, after), strict=True):
        points = plane(own.values[chosen])
        names = np.array(labels)[own.labels[chosen]]
        _scatter(row[0], points, names, f"{name}, by label")
        _scatter(row[1], points, own.speakers[chosen], f"{name}, by speaker")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def plane(vectors: np.ndarray) -> np.ndarray:
    """Returns [N, 2] t-SNE coordinates of [N, D] vectors, the same on every call."""
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(vectors)


def _scatter(axis: Any, points: np.ndarray, names: np.ndarray, title: str) -> None:
    size = float(np.clip(10_000 / len(points), 8, 60))  # few points are large
    found, counts = np.unique(names, return_counts=True)
    frequent = found[np.argsort(-counts, kind="stable")][:SHOWN]
    others = ~np.isin(names, frequent)
    if others.any():
        axis.scatter(*points[others].T, s=size, color="#BBBBBB", label="others")
    for name, colour, marker in zip(frequent, COLOURS, MARKERS, strict=False):
        own = points[names == name]
        drawn = {"color": colour, "marker": marker, "label": name}
        axis.scatter(*own.T, s=size, alpha=0.7, linewidths=0, **drawn)
    axis.set(title=title, xticks=[], yticks=[])
    axis.legend(fontsize=8, markerscale=(40 / size) ** 0.5, framealpha=0.8)
