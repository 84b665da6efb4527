"""The text of a file, whatever encoding it says it has; one that it does not say is not guessed."""

import codecs
from pathlib import Path

from ercbench.errors import ErcbenchError

# UTF-32's mark begins with UTF-16's, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes 0x80-0x9f of Windows-1252 that somebody decoded as Latin-1: a curly quote becomes an
# invisible control character. Five of these bytes mean nothing and stay as they are.
_C1 = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


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


def read_unicode(path: Path) -> str:
    """Returns the text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.

    Raises:
        ErcbenchError: The file is absent or of another encoding.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ErcbenchError(f"{path}: no such file. Correct the path.") from None
    encoding = _encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ErcbenchError(_advice(path, content, encoding, error.start)) from None


def _encoding(content: bytes) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    head = content[:200]
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 4 * head[place::2].count(0) > len(head):  # every other byte of Latin letters is 0
            return name
    return "utf-8"


def _advice(path: Path, content: bytes, encoding: str, start: int) -> str:
    if encoding != "utf-8":
        return f"{path}: begins as {encoding.upper()}, but byte {start} is none. Save it again."
    line = content[:start].count(b"\n") + 1
    before, after = content[max(0, start - 20) : start], content[start : start + 20]
    around = before.split(b"\n")[-1] + after.split(b"\n")[0]
    seen = repaired(around.decode("latin1")).strip()
    return (
        f"{path}: not UTF-8 (byte {content[start]:#04x} in line {line}). If that line is to read "
        f"\u2026{seen}\u2026, convert the file: iconv -f WINDOWS-1252 -t UTF-8 '{path}' > "
        f"converted{path.suffix}; if not, save it again as UTF-8 where it came from."
    )
