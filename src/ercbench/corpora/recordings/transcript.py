"""A transcript by the ending of its file."""

from collections.abc import Mapping
from pathlib import Path

from ercbench.corpora.recordings.speakers import name_speakers
from ercbench.corpora.recordings.subtitles import FORMATS, read_subtitles
from ercbench.corpora.recordings.tables import read_turns
from ercbench.corpora.recordings.textgrids import read_textgrid
from ercbench.corpora.recordings.turns import Transcript, Turn, in_order
from ercbench.corpora.table.files import SUFFIXES
from ercbench.corpora.table.text import read_unicode
from ercbench.errors import ErcbenchError

TIMED = (*FORMATS, ".textgrid", *SUFFIXES)
"""Endings of files that say who speaks when."""


def read_transcript(path: Path, columns: Mapping[str, str]) -> Transcript:
    """Reads the turns of a recording, in order of time.

    Args:
        path: Subtitles, a TextGrid, or a table with start and end.
        columns: A table's name of a column, by ours, where they differ.

    Raises:
        ErcbenchError: The file is of another kind, absent or damaged.
    """
    suffix = path.suffix.lower()
    if suffix in FORMATS:
        turns = name_speakers(read_subtitles(path))
    elif suffix == ".textgrid":
        turns = read_textgrid(path)
    elif suffix in SUFFIXES:
        turns = read_turns(path, columns)
    else:
        raise ErcbenchError(
            f"transcript={path}: says of no turn when it is; expected a file called "
            f"*{', *'.join(TIMED)}. Convert it, or leave it out."
        )
    return in_order(path.name, turns)


def read_lines(path: Path) -> tuple[Turn, ...]:
    """Reads a text with an utterance per line, `SPEAKER: text` or `text`; blank lines are none.

    Raises:
        ErcbenchError: The file is absent, of an unknown encoding or blank.
    """
    lines = [
        " ".join(line.split()) for line in read_unicode(path).removeprefix("\ufeff").split("\n")
    ]
    turns = name_speakers([Turn(line) for line in lines if line])
    if not turns:
        raise ErcbenchError(f"{path}: holds no text. Write an utterance per line.")
    return tuple(turns)
