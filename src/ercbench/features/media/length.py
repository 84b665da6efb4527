"""How long a recording is, held against the turns that are said to be in it."""

from dataclasses import replace
from pathlib import Path

import soundfile

from ercbench.corpora.recordings.given import Given
from ercbench.errors import ErcbenchError
from ercbench.features.media.containers import UnreadableError, opened, pyav


def recording_seconds(path: Path) -> float | None:
    """Returns how long a recording says it is; None where it does not say.

    Raises:
        UnreadableError: It is absent or broken.
    """
    try:
        return float(soundfile.info(path).duration)
    except soundfile.LibsndfileError:
        with opened(path) as container:
            return container.duration / pyav().time_base if container.duration else None


def with_length(given: Given) -> Given:
    """Returns what was given with a note on turns that lie past the end of their recording.

    Raises:
        ErcbenchError: It is empty or broken, or most of the turns lie past its end.
    """
    if given.recording is None:
        return given
    try:
        seconds = recording_seconds(given.recording)
    except UnreadableError as error:
        raise ErcbenchError(f"{given.recording}: {error}. Give a recording that plays.") from None
    turns = given.utterances()
    past = [turn for turn in turns if seconds is not None and (turn.start or 0.0) >= seconds]
    if not past:
        return given
    found = (
        f"{len(past)} of {len(turns)} turns begin after {given.recording.name} ends "
        f"({seconds:.1f} s)"
    )
    if len(past) > len(turns) / 2:
        raise ErcbenchError(f"{found}. Give the transcript of this recording, or the whole of it.")
    return replace(given, notes=(*given.notes, f"{found}; these have no sound and no picture."))
