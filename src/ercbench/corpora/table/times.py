"""Times as tables write them: seconds, or a clock's hours, minutes and seconds."""

import math
import re

from ercbench.errors import ErcbenchError

_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)", re.ASCII)


def seconds(time: str) -> float | None:
    """Returns `976.059`, `00:16:16,059`, `0:16:16.059` or `16:16.059` in seconds; None if no time.

    Two numbers are minutes and seconds, as in WebVTT; a comma is for fractions of a clock alone.
    """
    if match := _CLOCK.fullmatch(time.strip()):
        hours, minutes, rest = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    try:
        found = float(time)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def seconds_of(time: str, where: str) -> float:
    """Returns a time in seconds.

    Args:
        time: As `seconds` reads it.
        where: The file and row, for the message.

    Raises:
        ErcbenchError: It is no time.
    """
    if (found := seconds(time)) is None:
        raise ErcbenchError(
            f"{where}: '{time}' is no time; expected H:MM:SS,mmm such as 0:16:16,059, or seconds. "
            "Correct it."
        )
    return found
