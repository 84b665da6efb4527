"""Tables as text: for the terminal, Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Callable, Sequence

from rich.table import Table as RichTable
from rich.text import Text

from ercbench import metrics
from ercbench.console import printable
from ercbench.evaluation.tables.table import Cell, Column, Kind, Table

Value = str | float | None

LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "→": r"$\rightarrow$",
    "<": "$<$",
    ">": "$>$",
    "[": "{[}",  # after a line's end it would begin an argument
    "]": "{]}",
}
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@")


def number(value: float, kind: Kind) -> str:
    """Writes a number as tables show it."""
    if kind in ("percent", "number", "decimal"):
        return metrics.number(value, kind)
    if kind == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    return f"{value:,.0f}" if kind == "whole" else f"{value:g}"


def value_of(cell: Cell, kind: Kind) -> str:
    """Writes a cell's value and deviation; `n/a` where there is none."""
    if cell.value is None:
        return "n/a"
    if isinstance(cell.value, str):
        return printable(cell.value)
    spread = "" if cell.deviation is None else f" ± {number(cell.deviation, kind)}"
    return number(cell.value, kind) + spread


def interval_of(cell: Cell, kind: Kind) -> str:
    """Writes a cell's interval, or nothing."""
    if cell.interval is None:
        return ""
    low, high = cell.interval
    return f"[{number(low, kind)}, {number(high, kind)}]"


def to_rich(table: Table) -> RichTable:
    """Returns the table for the terminal, intervals below the values."""
    width = min(len(table.title), 100)
    made = RichTable(
        title=Text(printable(table.title)),
        caption=Text(_sentences(table.notes, "\n")),
        caption_justify="left",
        min_width=width,
    )
    for column in table.columns:
        left = column.kind == "text"
        title = Text(printable(column.title))
        made.add_column(title, justify="left" if left else "right", no_wrap=not left)
    for row in table.rows:
        made.add_row(*map(_rich_cell, row, table.columns))
    return made


def to_markdown(table: Table) -> str:
    """Returns the table in Markdown."""
    titles = [_markdown(column.title) for column in table.columns]
    rules = ["---" if column.kind == "text" else "---:" for column in table.columns]
    rows = [list(map(_markdown_cell, row, table.columns)) for row in table.rows]
    lines = [f"| {' | '.join(row)} |" for row in (titles, rules, *rows)]
    notes = "  \n".join(_markdown(_sentence(note)) for note in table.notes)
    return "\n".join([f"**{_markdown(table.title)}**", "", *lines, "", notes, ""])


def to_latex(table: Table) -> str:
    """Returns the table in LaTeX, for the package booktabs."""
    alignment = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    titles = [_latex(column.title) for column in table.columns]
    rows = [list(map(_latex_cell, row, table.columns)) for row in table.rows]
    notes = _latex(_sentences(table.notes, " "))
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_latex(table.title)}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            f"{' & '.join(titles)} \\\\",
            r"\midrule",
            *(f"{' & '.join(row)} \\\\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            rf"\par\medskip\parbox{{\linewidth}}{{\footnotesize {notes}}}",
            r"\end{table}",
            "",
        ]
    )


def to_csv(table: Table) -> str:
    """Returns the table as numbers, a column each for values, deviations and ends of intervals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = to_columns(table, _in_csv)
    writer.writerow([_no_formula(printable(head)) for head in columns])
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def to_columns(
    table: Table, write: Callable[[Value, Kind], Value] = lambda value, kind: value
) -> dict[str, list[Value]]:
    """Returns the table as plain values, a column each for values, deviations, ends of intervals.

    Args:
        table: The table.
        write: What becomes of a value; by default shares stay shares of 1.

    Returns:
        Head to a value per row; the first column is the corpus.
    """
    corpus = write(table.corpus, "text")
    found: dict[str, list[Value]] = {"corpus": [corpus] * len(table.rows)}
    for column, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        for head, values in _parts(column, cells).items():
            found[head] = [write(value, column.kind) for value in values]
    return found


def _sentences(notes: Sequence[str], between: str) -> str:
    return between.join(printable(_sentence(note)) for note in notes)


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _rich_cell(cell: Cell, column: Column) -> Text:
    """Returns a cell as it is: rich would read brackets as colours and `:x:` as a picture."""
    text = Text(value_of(cell, column.kind), style="bold green" if cell.bold else "")
    interval = interval_of(cell, column.kind)
    return text.append(f"\n{interval}", style="not bold dim") if interval else text


def _markdown_cell(cell: Cell, column: Column) -> str:
    value = _markdown(value_of(cell, column.kind))
    value = f"**{value}**" if cell.bold else value
    return f"{value} {interval_of(cell, column.kind)}".strip()


def _markdown(text: str) -> str:
    """Escapes what would end a cell or begin a tag."""
    escaped = text.replace("\\", r"\\").replace("|", r"\|")
    return printable(re.sub(r"<(?!\d)", "&lt;", escaped))


def _latex_cell(cell: Cell, column: Column) -> str:
    value, interval = _latex(value_of(cell, column.kind)), interval_of(cell, column.kind)
    value = rf"\textbf{{{value}}}" if cell.bold else value
    return rf"{value} {{\scriptsize {interval}}}" if interval else value


def _latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in printable(text))


def _in_csv(value: Value, kind: Kind) -> Value:
    """Returns what the CSV shows: per cent stay per cent, and a text is never a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _no_formula(printable(value))
    return round(100 * value if kind == "percent" else value, 6)


def _no_formula(text: str) -> str:
    """Puts a quotation mark before what a spreadsheet would compute."""
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _parts(column: Column, cells: Sequence[Cell]) -> dict[str, list[Value]]:
    """Returns the columns a column becomes."""
    found: dict[str, list[Value]] = {column.title: [cell.value for cell in cells]}
    if any(cell.deviation is not None for cell in cells):
        found[f"{column.title}, sd"] = [cell.deviation for cell in cells]
    if any(cell.interval for cell in cells):
        ends = [cell.interval or (None, None) for cell in cells]
        found[f"{column.title}, low"] = [low for low, _ in ends]
        found[f"{column.title}, high"] = [high for _, high in ends]
    return found
