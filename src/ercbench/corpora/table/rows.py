"""Rows of text files, read so that a broken one is named instead of guessed at."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ercbench.errors import ErcbenchError

# Bytes 0x80-0x9f of Windows-1252 that somebody decoded as Latin-1: a curly quote becomes an
# invisible control character. Five of these bytes mean nothing and stay as they are.
_C1 = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_TIME = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,3}))?")


def repaired(text: str) -> str:
    """Returns the text with C1 control characters turned into what Windows-1252 meant by them."""
    return text.translate(_C1)


def read_text(path: Path) -> str:
    """Returns a file's text, read as UTF-8 or, if it is not, as Windows-1252."""
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return repaired(content.decode("latin1"))


def seconds(time: str, where: str) -> float:
    """Returns `00:16:16,059` or `0:16:16,059` in seconds.

    Args:
        time: Hours, minutes, seconds and, after a comma or point, a fraction.
        where: The file and row, for the message.

    Raises:
        ErcbenchError: It is no such time.
    """
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise ErcbenchError(
            f"{where}: '{time}' is no time; expected H:MM:SS,mmm such as 0:16:16,059. Correct it."
        )
    hours, minutes, whole, fraction = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(f"{whole}.{fraction or 0}")


def number(text: str, where: str) -> float:
    """Returns a text as a number.

    Raises:
        ErcbenchError: It is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise ErcbenchError(
            f"{where}: found '{text}', expected a number. Correct that row."
        ) from None


def read_csv(path: Path, required: Sequence[str]) -> list[dict[str, str]]:
    """Reads a CSV file in UTF-8 with a header.

    Args:
        path: The file.
        required: Columns that it must have.

    Returns:
        Its rows by column name; row i of the list is row i + 2 of the file.

    Raises:
        ErcbenchError: The file is absent, not UTF-8, lacks a column, or has a row whose number
            of fields differs from the header's.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            check_columns(path, reader.fieldnames or [], required)
            rows = list(reader)
    except FileNotFoundError:
        raise ErcbenchError(f"{path}: no such file. Correct the path.") from None
    except UnicodeDecodeError as error:
        raise ErcbenchError(
            f"{path}: not UTF-8 (byte {error.object[error.start]:#04x}); expected UTF-8. Convert "
            "it, for example with: iconv -f WINDOWS-1252 -t UTF-8."
        ) from None
    except csv.Error as error:
        raise ErcbenchError(f"{path}: not a readable CSV file ({error}). Save it again.") from None
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise ErcbenchError(
                f"{path}: row {line} has another number of fields than the header; expected "
                f"{len(reader.fieldnames or [])}. Quote fields that contain commas."
            )
    return rows


def check_columns(path: Path, found: Sequence[str], required: Sequence[str]) -> None:
    """Raises ErcbenchError if a required column is not among those found."""
    missing = [column for column in required if column not in found]
    if missing:
        raise ErcbenchError(
            f"{path}: lacks the column(s) {', '.join(missing)}; it has {', '.join(found) or 'none'}"
            ". Add them, or say what they are called where the reader takes column names."
        )


def check_keys(path: Path, keys: Sequence[tuple[str, ...]]) -> None:
    """Raises ErcbenchError if a key (what identifies a row) occurs twice."""
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        named = "; ".join(" / ".join(key) for key in twice[:3])
        raise ErcbenchError(
            f"{path}: {len(twice)} key(s) occur more than once: {named}. Each utterance has one "
            "row; remove or rename the repeated ones."
        )
