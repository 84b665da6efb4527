"""What stands in a table's cells, judged: a wrong one is refused with the rows it stands in."""

import json
import math
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ercbench.corpora.conversation import first_few
from ercbench.corpora.names import composed, near_equal
from ercbench.errors import ErcbenchError

Row = Mapping[str, str]
"""A row by our names of the columns; "" where the table has no such column."""

NUMBERS = ("score", "start", "end")
# What may break the lines of a text; U+2028 and U+2029 are no control characters.
_BREAKS = dict.fromkeys(map(ord, "\t\n\r\x85"))
# As programs write a cell that holds nothing; R writes NA, which may also be a name, as Na.
_NOTHING = ("", "nan", "null", "none", "n/a", "#n/a", "<na>")


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


def number(text: str, where: str) -> float:
    """Returns a text as a number.

    Raises:
        ErcbenchError: It is no finite number.
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ErcbenchError(
            f"{where}: found '{text}', expected a number such as 1.5. Correct that row."
        )
    return found


def check_cells(where: str, rows: Sequence[Row]) -> None:
    """Checks every cell by itself, and the spellings of labels and speakers beside each other.

    Raises:
        ErcbenchError: One holds control characters, an id or a speaker is blank, a number is none
            or not finite, or spellings of one label differ.
    """
    for column in rows[0] if rows else ():
        wrong = _has_control_beside_breaks if column == "text" else _has_control
        what = f"column {column} holds control characters (NUL, a line break or the like)"
        _refuse(where, _places(rows, column, wrong), f"{what}. Remove them from")
    for column in ("conversation", "utterance", "speaker"):
        _refuse(where, _places(rows, column, is_missing), f"no {column}. Write one into")
    for column in NUMBERS:
        faulty = _places(rows, column, _is_no_number)
        found = f"found '{rows[faulty[0] - 1][column]}'" if faulty else ""
        what = f"{found}, expected a number in column {column}, or nothing. Correct"
        _refuse(where, faulty, what)
    if several := _spellings("label", rows):
        raise ErcbenchError(
            f"{where}: {several}. Write each label in one way; else each spelling would be a class."
        )
    if several := _spellings("speaker", rows):
        warnings.warn(
            f"{where}: {several}. Spellings that differ in more than their Unicode form are read "
            "as different people; write each in one way.",
            stacklevel=2,
        )


def check_times(where: str, rows: Sequence[Row]) -> None:
    """Checks that no utterance ends before it starts, or starts before its recording does.

    Raises:
        ErcbenchError: One does.
    """
    faulty = [place for place, row in enumerate(rows, start=1) if _ends_early(row)]
    _refuse(where, faulty, "end lies before start, or start below 0. Correct")


def in_rows(places: Sequence[int]) -> str:
    """Returns `data row 2`, or `data rows 2, 5, 7 and 4 more`."""
    plural = "s" if len(places) > 1 else ""
    return f"data row{plural} {first_few([str(place) for place in places])}"


def _places(rows: Sequence[Row], column: str, wrong: Callable[[str], bool]) -> list[int]:
    """Returns the numbers, from 1, of the rows whose cell is wrong."""
    return [place for place, row in enumerate(rows, start=1) if wrong(row[column])]


def _refuse(where: str, faulty: Sequence[int], what: str) -> None:
    if faulty:
        which = "that row" if len(faulty) == 1 else "these rows"
        raise ErcbenchError(f"{where}, {in_rows(faulty)}: {what} {which}.")


def _has_control(cell: str, kinds: Sequence[str] = ("Cc", "Cs", "Zl", "Zp")) -> bool:
    return not cell.isprintable() and any(unicodedata.category(c) in kinds for c in cell)


def _has_control_beside_breaks(cell: str) -> bool:
    return _has_control(cell.translate(_BREAKS), ("Cc", "Cs"))


def _is_no_number(cell: str) -> bool:
    try:
        return cell.strip() != "" and not math.isfinite(float(cell))
    except ValueError:
        return True


def _ends_early(row: Row) -> bool:
    start, end = float(row["start"] or 0), row["end"]
    return start < 0 or (end != "" and float(end) < start)


def _spellings(column: str, rows: Sequence[Row]) -> str:
    """Returns what spellings a name has, with counts and rows; "" if each has one."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows, start=1):
        if not is_missing(row[column]):
            places.setdefault(row[column], []).append(place)
    return "; ".join(
        f"{column} '{group[0].strip()}' has {len(group)} spellings: "
        + ", ".join(f"{_visible(name)} ({_counted(places[name])})" for name in group)
        for group in near_equal(places)
    )


def _counted(places: Sequence[int]) -> str:
    return f"{len(places)} in {in_rows(places)}"


def _visible(name: str) -> str:
    """Returns a name in quotes; what looks like another name is written out."""
    return repr(name) if composed(name) == name and name.isprintable() else ascii(name)
