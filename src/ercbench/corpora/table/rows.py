"""Rows of text files, read so that a broken one is named instead of guessed at."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import first_few
from ercbench.corpora.table.text import read_unicode
from ercbench.errors import ErcbenchError

_DELIMITERS = (",", ";", "\t")

Advise = Callable[[Sequence[str]], str]
"""Says from the columns that there are what to do about those that are not."""


def no_advice(found: Sequence[str]) -> str:
    """Returns what to do where a column is missing that the corpus's own files all have."""
    return "Add them."


def read_csv(
    path: Path,
    required: Sequence[str],
    known: Sequence[str] = (),
    advise: Advise = no_advice,
) -> list[dict[str, str]]:
    """Reads a CSV file with a header, its fields separated by commas, semicolons or tabs.

    Args:
        path: The file.
        required: Columns that it must have.
        known: Columns that it may have; what separates most of these separates the fields.
        advise: Says what to do where one is missing, from the columns that there are.

    Returns:
        Its rows by column name; row i of the list is row i + 2 of the file.

    Raises:
        ErcbenchError: The file is absent, of an unknown encoding, lacks a column or has it twice,
            or has a row whose number of fields differs from the header's.
    """
    text = read_unicode(path)
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=_delimiter(text, {*required, *known})
        )
        header, *rows = [row for row in reader if row] or [[]]
    except csv.Error as error:
        raise ErcbenchError(
            f"{path}: not a readable CSV file ({error}). Close its quotes and save it again."
        ) from None
    header = [name.strip() for name in header]
    check_columns(str(path), header, required, advise)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ErcbenchError(
                f"{path}: row {line} has another number of fields than the header; found "
                f"{len(row)}, expected {len(header)}. Quote fields that contain the separator."
            )
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_jsonl(
    path: Path, required: Sequence[str], advise: Advise = no_advice
) -> list[dict[str, Any]]:
    """Reads a file with a JSON object per line; blank lines are left out.

    Raises:
        ErcbenchError: The file is absent or of an unknown encoding, a line is no object, or an
            object lacks a required key or has one twice.
    """
    # Other line breaks than \n, such as U+2028, may stand inside a JSON string.
    lines = enumerate(read_unicode(path).split("\n"), start=1)
    return [
        _object(f"{path}, line {n}", line, required, advise) for n, line in lines if line.strip()
    ]


def check_columns(
    where: str, found: Sequence[str], required: Sequence[str], advise: Advise = no_advice
) -> None:
    """Raises ErcbenchError if a required column is not among those found, or one is twice."""
    twice = [name for name, count in Counter(found).items() if count > 1 and name]
    if twice:
        raise ErcbenchError(
            f"{where}: the column(s) {first_few(twice)} are there more than once. Remove or rename "
            "one of them."
        )
    missing = [column for column in required if column not in found]
    if missing:
        raise ErcbenchError(
            f"{where}: lacks the column(s) {', '.join(missing)}; it has "
            f"{first_few(found, 20) or 'none'}. {advise(found)}"
        )


def check_keys(where: str | Path, keys: Sequence[tuple[str, ...]]) -> None:
    """Raises ErcbenchError if a key (what identifies a row) occurs twice."""
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        named = "; ".join(" / ".join(key) for key in twice[:3])
        raise ErcbenchError(
            f"{where}: {len(twice)} key(s) occur more than once: {named}. Each utterance has one "
            "row; remove or rename the repeated ones."
        )


def _delimiter(text: str, wanted: set[str]) -> str:
    """Returns what separates the columns that are looked for; a comma if none is found."""
    first = text.lstrip().split("\n", 1)[0]

    def found(delimiter: str) -> int:
        header = next(csv.reader([first], delimiter=delimiter), [])
        return len({name.strip() for name in header} & wanted)

    return max(_DELIMITERS, key=found)


def _object(where: str, text: str, required: Sequence[str], advise: Advise) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        check_columns(where, [name for name, _ in pairs], ())
        return dict(pairs)

    try:
        values: Any = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise ErcbenchError(f"{where}: no JSON ({error}). Correct it.") from None
    if not isinstance(values, dict):
        raise ErcbenchError(f"{where}: expected a JSON object. Correct it.")
    check_columns(where, list(values), required, advise)
    return values
