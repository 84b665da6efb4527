"""Tables in a terminal: as many columns as it has room for, each whole."""

from dataclasses import replace
from itertools import accumulate

from rich.console import Console

from ercbench.evaluation.tables.render import interval_of, to_rich, value_of
from ercbench.evaluation.tables.table import Table

# Characters of a blank on either side and a rule.
BETWEEN = 3
# A model and what is said of it first.
FEWEST_COLUMNS = 2


def print_table(console: Console, table: Table) -> None:
    """Prints a table as far as there is room."""
    console.print(to_rich(fitting(table, console.width)))


def fitting(table: Table, room: int) -> Table:
    """Returns the table without its last columns for which there is no room, which it names.

    Args:
        table: Any table.
        room: Characters in a line.
    """
    widths = [_narrowest(table, index) + BETWEEN for index in range(len(table.columns))]
    kept = max(FEWEST_COLUMNS, sum(end + 1 <= room for end in accumulate(widths)))
    if kept >= len(table.columns):
        return table
    left_out = ", ".join(column.title for column in table.columns[kept:])
    return replace(
        table,
        columns=table.columns[:kept],
        rows=tuple(row[:kept] for row in table.rows),
        notes=(*table.notes, f"No room here for {left_out}: see the files or widen the terminal"),
    )


def _narrowest(table: Table, index: int) -> int:
    """Returns the least characters of a column: its longest word, or its longest number whole."""
    column = table.columns[index]
    cells = [row[index] for row in table.rows]
    texts = [column.title, *(value_of(cell, column.kind) for cell in cells)]
    texts += [interval_of(cell, column.kind) for cell in cells]
    if column.kind == "text":
        texts = [word for text in texts for word in text.split()]
    return max(map(len, texts), default=0)
