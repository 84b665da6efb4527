"""One look for all figures: small panels that repeat one pair of colours.

Colours are Okabe and Ito's, which colour-blind readers tell apart, and never the only carrier:
a model is known by its panel or its row, so that ten of them stay readable.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.patches import Rectangle

from ercbench.console import printable
from ercbench.files import replacing

BLUE, ORANGE, VERMILLION = "#0072B2", "#E69F00", "#D55E00"
GREY = "#8a8f98"  # in the middle, for paper and for a dark page
INK = "#1f2328"  # text and axes; a page puts its own colour of text in its place
# Cells of matrices; their blue is not that of lines, which a dark page makes lighter.
DEEP = "#00639b"
SHARES = LinearSegmentedColormap.from_list("shares", ["#f4f7fa", "#56B4E9", DEEP, "#003a5d"])
DIFFERENCES = LinearSegmentedColormap.from_list(
    "differences", [VERMILLION, "#f2b48a", "#f4f4f2", "#8fc3e4", DEEP]
)
# Fonts that have what DejaVu Sans has not, Chinese, Japanese and Korean above all.
FALLBACKS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC"),
    *("Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic"),
    *("IPAexGothic", "IPAGothic", "Arial Unicode MS"),
)
STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "font.size": 9,
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "ercbench",
    "text.color": INK,
    "text.parse_math": False,  # a dollar in the name of a label is a dollar
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "ytick.color": INK,
    "ytick.labelsize": 8,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draws what is drawn inside in the style of the report, and leaves others' alone."""
    with rc_context(STYLE | {"font.family": list(fonts())}):
        yield


@cache
def fonts() -> tuple[str, ...]:
    """Returns the fonts of figures, in the order in which they are asked for a character."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in FALLBACKS if name in installed))


@cache
def _can_draw(character: str) -> bool:
    faces = (get_font(findfont(FontProperties(family=name))) for name in fonts())
    return any(face.get_char_index(ord(character)) for face in faces)


def drawable(text: str) -> str:
    """Returns a text that can be drawn: `U+559C` stands for a character that no font here has."""
    return "".join(
        sign if _can_draw(sign) else f"U+{ord(sign):04X} " for sign in printable(text)
    ).strip()


def panels(
    count: int,
    size: tuple[float, float],
    columns: int = 4,
    share_x: bool = True,
    share_y: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Returns a figure of equal panels, row by row.

    Args:
        count: Number of panels.
        size: Width and height of one in inches.
        columns: Panels in a row, at most.
        share_x: Whether they share the horizontal axis.
        share_y: Whether they share the vertical one.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=share_x, sharey=share_y, squeeze=False)
    axes = list(grid.flat)
    for unused in axes[count:]:
        unused.remove()
    for lowest in axes[max(0, count - columns) : count]:
        lowest.tick_params(labelbottom=True)
    return figure, axes[:count]


def cells(axes: Axes, colours: np.ndarray) -> None:
    """Paints a matrix, its first row on top, whose cells are a little apart.

    Args:
        axes: Where; cell (row, column) is around (column + 0.5, row + 0.5).
        colours: [rows, columns, 4]; what is fully transparent is left out.
    """
    for row, column in np.argwhere(colours[..., 3] > 0):
        corner = (column + 0.015, row + 0.015)
        axes.add_patch(Rectangle(corner, 0.97, 0.97, color=colours[row, column], linewidth=0))
    axes.set_xlim(0, colours.shape[1])
    axes.set_ylim(len(colours), 0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def rows_of_names(axes: Axes, names: Sequence[str]) -> np.ndarray:
    """Writes names at the left, the first one on top, and returns where their rows are."""
    rows = np.arange(len(names))
    axes.set_yticks(rows, [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return rows


def wrapped(name: str, width: int = 26, lines: int = 6) -> str:
    """Breaks a long name into lines that fit above a panel or beside a row, and cuts the rest.

    A name may also be broken after a plus, which joins feature sets.
    """
    joined = re.sub(r"\+(?=\S)", "+\0 ", drawable(name))
    broken = fill(joined, width, max_lines=lines, placeholder="…")
    return broken.replace("\0 ", "").replace("\0", "")


def text_colour(shade: Sequence[float] | np.ndarray) -> str:
    """Returns black or white, whichever stands out more from a colour (WCAG 2 contrast)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Writes a figure as `.svg`, without a background, and as `.png` on white.

    The same figure gives the same bytes.
    """
    with styled():
        for _ in range(2):  # the layout of panels settles only the second time
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    svg, png = (stem.with_name(f"{stem.name}.{kind}") for kind in ("svg", "png"))
    with styled(), replacing(svg) as temporary:
        figure.savefig(temporary, format="svg", transparent=True, metadata={"Date": None})
    with styled(), replacing(png) as temporary:
        figure.savefig(temporary, format="png", dpi=160, facecolor="white")
    return svg, png
