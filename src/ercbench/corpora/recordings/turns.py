"""Turns of a recording: who says what from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ercbench.corpora.conversation import first_few

UNKNOWN = "unknown"
"""The speaker of every turn that names none; they count as one person."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody says.

    Attributes:
        text: The words; empty where nobody wrote them down.
        speaker: Who says it.
        start: Seconds from the beginning of the recording; None where unknown.
        end: Likewise.
    """

    text: str
    speaker: str = UNKNOWN
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Transcript:
    """Turns in the order in which they begin.

    Attributes:
        turns: At least one.
        notes: What a reader should know of how they were read, a sentence each.
    """

    turns: tuple[Turn, ...]
    notes: tuple[str, ...] = ()


def in_order(name: str, found: Sequence[Turn]) -> Transcript:
    """Returns the turns sorted by their beginning, and says what was odd about them.

    Overlapping turns are kept as they are: each one hears the others.

    Args:
        name: Of the file, for the notes.
        found: Turns as they stand there, each with its times.
    """
    turns = [replace(turn, start=turn.start or 0.0) for turn in found]
    ordered = sorted(turns, key=lambda turn: turn.start or 0.0)
    notes = []
    if ordered != turns:
        notes.append(f"{name}: turns were not in order of time, and are sorted.")
    overlapping = [_clock(two) for one, two in pairwise(ordered) if _end(one) > (two.start or 0.0)]
    if overlapping:
        notes.append(
            f"{name}: {len(overlapping)} turn(s) begin before the one before ends (at "
            f"{first_few(overlapping)}); whoever speaks there is heard in both."
        )
    return Transcript(tuple(ordered), tuple(notes))


def on_speakers(turns: Sequence[Turn]) -> list[str]:
    """Returns a note on the turns that name no speaker, if there are any."""
    unnamed = sum(turn.speaker == UNKNOWN for turn in turns)
    if not unnamed:
        return []
    return [
        f"{unnamed} of {len(turns)} turns name no speaker; they count as one person, '{UNKNOWN}'."
    ]


def _end(turn: Turn) -> float:
    return turn.start or 0.0 if turn.end is None else turn.end


def _clock(turn: Turn) -> str:
    seconds = turn.start or 0.0
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
