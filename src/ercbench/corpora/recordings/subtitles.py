"""Turns from subtitles: SubRip, WebVTT, SubStation and TTML, read by pysubs2."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pysubs2

from ercbench.corpora.names import composed
from ercbench.corpora.recordings.turns import UNKNOWN, Turn
from ercbench.corpora.table.text import read_unicode
from ercbench.errors import ErcbenchError

FORMATS = {".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ssa", ".ttml": "ttml"}
"""Ending of a file to what pysubs2 calls its form."""

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")  # WebVTT's <v Ann> and <v.loud Ann>
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|<\d[\d:.]*>")
# A line of its own that begins anew within one subtitle: another speaker.
_NEW_SPEAKER = re.compile(r"\n(?=(?:[-\u2013\u2014]\s*)?[A-Z][A-Z .'-]*:\s|[-\u2013\u2014]\s*\S)")


def read_subtitles(path: Path) -> list[Turn]:
    """Reads turns, a subtitle each; one of several speakers becomes a turn of each.

    Args:
        path: A file of one of `FORMATS`.

    Raises:
        ErcbenchError: It is absent, of an unknown encoding or holds no subtitle.
    """
    text = read_unicode(path).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        events = pysubs2.SSAFile.from_string(
            text, format_=FORMATS[path.suffix.lower()], keep_html_tags=True
        )
    except Exception as error:  # its readers raise whatever they stumble over
        raise _unreadable(path, f"{type(error).__name__}: {error}") from None
    turns = [turn for event in events if not event.is_comment for turn in _turns(event)]
    if not turns:
        raise _unreadable(path, "no subtitle found")
    return turns


def _turns(event: pysubs2.SSAEvent) -> Iterator[Turn]:
    start, end = event.start / 1000, max(event.start, event.end) / 1000
    # What follows a blank line belongs to the next subtitle, such as its number.
    said = event.plaintext.split("\n\n")[0].strip()
    for name, part in _voices(said, event.name.strip() or UNKNOWN):
        if words := _plain(part):
            yield Turn(words, composed(name), start, end)


def _voices(said: str, speaker: str) -> Iterator[tuple[str, str]]:
    """Yields who says which part of a subtitle."""
    first, *others = _VOICE.split(said)
    if not others:
        yield from ((speaker, part) for part in _NEW_SPEAKER.split(first))
        return
    yield speaker, first
    for name, part in zip(others[::2], others[1::2], strict=True):
        yield " ".join(html.unescape(name).split()), part


def _plain(part: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", part)).split())


def _unreadable(path: Path, found: str) -> ErcbenchError:
    return ErcbenchError(
        f"{path}: not readable as subtitles ({found}). Expected lines such as 00:00:01,000 --> "
        "00:00:02,500, each with what is said below it."
    )
