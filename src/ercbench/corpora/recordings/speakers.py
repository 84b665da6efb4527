"""Names before what is said: `ANN: You got the job?`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ercbench.corpora.names import composed
from ercbench.corpora.recordings.turns import UNKNOWN, Turn

# Up to three words before a colon; the rest of the line is what is said.
_NAMED = re.compile(
    r"(?:[-\u2013\u2014]\s*)?([^\W_][^\s:]*(?: [^\s:]+){0,2})\s?[:\uff1a]\s+(\S.*)", re.DOTALL
)
# Of the turns with a name; fewer are colons within what is said, unless in capitals.
LEAST_SHARE = 0.3


def name_speakers(turns: Sequence[Turn]) -> list[Turn]:
    """Takes names off the beginnings of turns that have no speaker yet.

    A word before a colon is a name if it is in capitals, or if so many turns have one that it
    is how the file names its speakers.

    Args:
        turns: As they stand in the file.
    """
    found = [_NAMED.fullmatch(turn.text) if turn.speaker == UNKNOWN else None for turn in turns]
    usual = sum(match is not None for match in found) >= LEAST_SHARE * len(turns)
    return [
        replace(turn, speaker=composed(match[1]), text=match[2])
        if match and (usual or match[1].isupper())
        else turn
        for turn, match in zip(turns, found, strict=True)
    ]
