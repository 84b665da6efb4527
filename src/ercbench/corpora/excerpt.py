"""A part of a recording, written as the web writes it: `talk.mp4#t=12.5,15.2`."""

import re
from dataclasses import dataclass
from pathlib import Path

_FRAGMENT = re.compile(r"(.+)#t=(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What lies between two moments of a recording (W3C Media Fragments, `#t=start,end`).

    Attributes:
        path: Of the recording.
        start: Seconds from its beginning.
        end: Likewise; what lies there is left out.
    """

    path: Path
    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.path}#t={_written(self.start)},{_written(self.end)}"


def excerpt_of(recording: str | Path) -> Excerpt | None:
    """Returns the part that an utterance's `audio` or `video` names; None where it is a file."""
    match = _FRAGMENT.fullmatch(str(recording))
    if match is None or Path(recording).is_file():
        return None
    return Excerpt(Path(match[1]), float(match[2]), float(match[3]))


def _written(seconds: float) -> str:
    """Returns seconds to the millisecond, as short as they are."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
