"""A table as plain rows; `render` makes it text."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "whole", "percent", "p", "number", "decimal"]


@dataclass(frozen=True)
class Cell:
    """A value of a table.

    Attributes:
        value: A text, a share of 1, a number; None where there is none to be had.
        deviation: Standard deviation over seeds, if there are several.
        interval: Ends of the 95 % interval, if it was estimated.
        bold: Whether it stands out.
    """

    value: str | float | None
    deviation: float | None = None
    interval: tuple[float, float] | None = None
    bold: bool = False


EMPTY = Cell("")


@dataclass(frozen=True)
class Column:
    """What stands in a column.

    Attributes:
        title: Its head.
        kind: How its values are written; `percent` are shares of 1, written times 100, `whole`
            are rounded.
    """

    title: str
    kind: Kind = "percent"


@dataclass(frozen=True)
class Table:
    """A table that nothing is decided about but its contents.

    Attributes:
        name: What it shows: `scores`, `classes`, `released`, `pairs-…`, `outputs-…`.
        corpus: On what; says whether it is simulated.
        title: In words.
        columns: Their heads.
        rows: A cell per column each.
        notes: What the reader has to know.
    """

    name: str
    corpus: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
