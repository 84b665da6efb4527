"""What stands in a table's cells, judged: a wrong one is refused with the rows it stands in."""

import ast
import json
import math
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import first_few
from ercbench.corpora.names import composed, near_equal
from ercbench.corpora.table.times import seconds
from ercbench.errors import ErcbenchError

Row = Mapping[str, str]
"""A row by our names of the columns, "" where the table has no such column; and where it stands:
in which `file`, as which `row` of its data, from 1."""

TIMES = ("start", "end")
NUMBERS = ("score", *TIMES)
_PLACE = ("file", "row")
# What may break the lines of a text; U+2028 and U+2029 are no control characters.
_BREAKS = dict.fromkeys(map(ord, "\t\n\r\x85"))
# As programs write a cell that holds nothing; R writes NA, which may also be a name, as Na.
_NOTHING = ("", "nan", "null", "none", "n/a", "#n/a", "<na>")
# A list of texts, as Python and JSON write it; somebody may be called [unknown].
_LISTS, _LONGEST_LIST = ("['", '["'), 10_000


def is_missing(cell: str) -> bool:
    """Returns whether a cell says that nothing is there: blank, `nan`, `null`, `None`, `n/a`."""
    return cell.strip().casefold() in _NOTHING or cell.strip() == "NA"


def text_of(value: Any, where: str) -> str:
    """Returns a value of a JSON object as the text that a cell would hold.

    Raises:
        ErcbenchError: It is a list or an object.
    """
    if isinstance(value, (list, dict)):
        raise ErcbenchError(
            f"{where}: found a {'list' if isinstance(value, list) else 'JSON object'}, expected a "
            "text or a number. Write one value, or name another column."
        )
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def speaker_of(value: Any, where: str) -> str:
    """Returns who speaks; of a list, such as `['Ann']`, all whom it names, in alphabetical order.

    Raises:
        ErcbenchError: It is an object, begins as a list and is none, or a list of something else.
    """
    names = value
    if isinstance(value, str) and value.strip().startswith(_LISTS):
        names = _list_in(value.strip(), where)
    if not isinstance(names, list):
        return text_of(names, where)
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise ErcbenchError(
            f"{where}: found the list {str(names)[:80]}, expected names such as ['Ann', 'Bob']. "
            "Correct that row."
        )
    return " & ".join(sorted({name.strip() for name in names}))


def number(text: str, where: str) -> float:
    """Returns a text as a number.

    Raises:
        ErcbenchError: It is no finite number.
    """
    if text.strip() == "" or _is_no_number(text):
        raise ErcbenchError(
            f"{where}: found '{text}', expected a number such as 1.5. Correct that row."
        )
    return float(text)


def check_cells(rows: Sequence[Row]) -> None:
    """Checks every cell by itself, and the spellings of labels and speakers beside each other.

    Raises:
        ErcbenchError: One holds control characters, an id or a speaker is blank, a number is none
            or not finite, a time cannot be read, or spellings of one label differ.
    """
    for column in [name for row in rows[:1] for name in row if name not in _PLACE]:
        wrong = _has_control_beside_breaks if column == "text" else _has_control
        what = f"column {column} holds control characters (NUL, a line break or the like)"
        _refuse(_having(rows, column, wrong), f"{what}. Remove them from")
    for column in ("conversation", "utterance", "speaker"):
        _refuse(_having(rows, column, is_missing), f"no {column}. Write one into")
    for column in NUMBERS:
        timed = column in TIMES
        faulty = _having(rows, column, _is_no_time if timed else _is_no_number)
        found = f"found '{faulty[0][column]}'" if faulty else ""
        kind = "seconds or a time such as 0:16:16,059" if timed else "a number"
        _refuse(faulty, f"{found}, expected {kind} in column {column}, or nothing. Correct")
    if several := _spellings("label", rows):
        raise ErcbenchError(
            f"{files_of(rows)}: {several}. Write each label in one way; else each spelling would "
            "be a class."
        )
    if several := _spellings("speaker", rows):
        warnings.warn(
            f"{files_of(rows)}: {several}. Spellings that differ in more than their Unicode form "
            "are read as different people; write each in one way.",
            stacklevel=2,
        )


def check_times(rows: Sequence[Row]) -> None:
    """Checks that no utterance ends before it starts, or starts before its recording does.

    Raises:
        ErcbenchError: One does.
    """
    faulty = [row for row in rows if _ends_early(row)]
    _refuse(faulty, "end lies before start, or start below 0. Correct")


def place_of(row: Row) -> str:
    """Returns where a row stands: `mine.csv, data row 2`."""
    return f"{row['file']}, data row {row['row']}"


def files_of(rows: Sequence[Row]) -> str:
    """Returns the files that the rows stand in: one with its path, several by name."""
    files = list(dict.fromkeys(row["file"] for row in rows))
    return files[0] if len(files) == 1 else first_few([Path(file).name for file in files])


def _list_in(cell: str, where: str) -> Any:
    """Returns a list as Python or JSON writes it."""
    try:
        return ast.literal_eval(cell[:_LONGEST_LIST])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ErcbenchError(
            f"{where}: found {cell[:80]}, which begins as a list and is none; expected names such "
            "as ['Ann', 'Bob']. Correct that row."
        ) from None


def _having(rows: Sequence[Row], column: str, wrong: Callable[[str], bool]) -> list[Row]:
    """Returns the rows whose cell is wrong."""
    return [row for row in rows if wrong(row[column])]


def _refuse(faulty: Sequence[Row], what: str) -> None:
    if faulty:
        which = "that row" if len(faulty) == 1 else "these rows"
        raise ErcbenchError(f"{faulty[0]['file']}, {_in_rows(faulty)}: {what} {which}.")


def _in_rows(rows: Sequence[Row]) -> str:
    """Returns `data row 2`, or `data rows 2, 5, 7 and 4 more`; those of other files are counted."""
    own = [row["row"] for row in rows if row["file"] == rows[0]["file"]]
    others = len(rows) - len(own)
    plural = "s" if len(own) > 1 else ""
    elsewhere = f" (and {others} in other files)" if others else ""
    return f"data row{plural} {first_few(own)}{elsewhere}"


def _has_control(cell: str, kinds: Sequence[str] = ("Cc", "Cs", "Zl", "Zp")) -> bool:
    return not cell.isprintable() and any(unicodedata.category(c) in kinds for c in cell)


def _has_control_beside_breaks(cell: str) -> bool:
    return _has_control(cell.translate(_BREAKS), ("Cc", "Cs"))


def _is_no_number(cell: str) -> bool:
    try:
        return cell.strip() != "" and not math.isfinite(float(cell))
    except ValueError:
        return True


def _is_no_time(cell: str) -> bool:
    return cell.strip() != "" and seconds(cell) is None


def _ends_early(row: Row) -> bool:
    start, end = float(row["start"] or 0), row["end"]
    return start < 0 or (end != "" and float(end) < start)


def _spellings(column: str, rows: Sequence[Row]) -> str:
    """Returns what spellings a name has, with counts and rows; "" if each has one."""
    having: dict[str, list[Row]] = {}
    for row in rows:
        if not is_missing(row[column]):
            having.setdefault(row[column], []).append(row)
    several = len({row["file"] for row in rows}) > 1
    return "; ".join(
        f"{column} '{group[0].strip()}' has {len(group)} spellings: "
        + ", ".join(f"{_visible(name)} ({_counted(having[name], several)})" for name in group)
        for group in near_equal(having)
    )


def _counted(rows: Sequence[Row], several: bool) -> str:
    file = f"{Path(rows[0]['file']).name}, " if several else ""
    return f"{len(rows)} in {file}{_in_rows(rows)}"


def _visible(name: str) -> str:
    """Returns a name in quotes; what looks like another name is written out."""
    return repr(name) if composed(name) == name and name.isprintable() else ascii(name)
