"""Sound and frames of a clip, or of the part of a recording that is an utterance's own."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ercbench.corpora.excerpt import Excerpt, excerpt_of
from ercbench.features.media.containers import (
    Stamps,
    decoded_frames,
    first,
    opened,
    pyav,
    read_stamps,
    upright,
)
from ercbench.features.media.containers import UnreadableError as UnreadableError
from ercbench.features.media.recordings import recording_pictures

SHORTEST = 0.1
"""Seconds of a recording that must at least be read."""


def clip_sound(path: Path, most_seconds: float) -> tuple[np.ndarray, int]:
    """Returns the first sound track of a clip, mixed down to one channel.

    More than two channels are mixed as ffmpeg does (ITU-R BS.775), which keeps the centre,
    where dialogue lies.

    Args:
        path: The clip.
        most_seconds: What comes later is not read.

    Returns:
        [samples] float32, and samples per second.

    Raises:
        UnreadableError: The clip is broken or has no sound.
    """
    with opened(path) as container:
        stream = first(container.streams.audio, "sound")
        rate = stream.rate
        resampler = pyav().AudioResampler(format="flt", layout="mono", rate=rate)
        pieces: list[np.ndarray] = []
        needed = int(most_seconds * rate)
        for frame in container.decode(stream):
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            if sum(map(len, pieces)) >= needed:
                break
    if not pieces:
        raise UnreadableError("clip has 0.0 s of sound")
    return np.concatenate(pieces)[:needed], rate


def clip_frames(
    path: Path, count: int, most_seconds: float, spread: str = "even"
) -> list[np.ndarray]:
    """Returns frames that divide a clip into equal times, or follow each other in its middle.

    Args:
        path: The clip, or the part of a recording that `Excerpt` describes.
        count: How many; a clip that shows fewer gives each of its frames once.
        most_seconds: What comes later is not read.
        spread: `even`, each what is seen in the middle of its time, or `successive`.

    Returns:
        Up to `count` frames [height, width, 3] uint8, RGB, in order and upright, as players show
        them.

    Raises:
        UnreadableError: The clip is broken or has no picture.
    """
    excerpt = excerpt_of(path)
    if excerpt is None:
        frames = _frames_at(path, _chosen(*_whole(read_stamps(path), most_seconds), count, spread))
    else:
        pictures = recording_pictures(excerpt.path)
        times = _part(pictures.stamps, excerpt, most_seconds)
        frames = pictures.frames(_chosen(*times, count, spread))
    if not frames:
        raise UnreadableError("none of the chosen frames can be decoded")
    return frames


def _whole(stamps: Stamps, most_seconds: float) -> tuple[list[int], int, int]:
    """Returns the stamps of a clip's frames, when the first is shown, and when the last ends."""
    last = stamps.shown[0] + most_seconds / stamps.unit
    shown = [stamp for stamp in stamps.shown if stamp <= last]
    return shown, shown[0], stamps.end(shown)


def _part(stamps: Stamps, excerpt: Excerpt, most_seconds: float) -> tuple[list[int], int, int]:
    """Returns the stamps of the frames that are shown in a part, and when it begins and ends."""
    end = min(excerpt.end, excerpt.start + most_seconds)
    begin, last = (stamps.zero + round(time / stamps.unit) for time in (excerpt.start, end))
    before = max(0, bisect_right(stamps.shown, begin) - 1)  # what is still shown when it begins
    shown = [stamp for stamp in stamps.shown[before:] if stamp < max(last, begin + 1)]
    over = stamps.end(stamps.shown)
    if not shown or begin >= over:
        raise UnreadableError("the recording has no picture there")
    return shown, max(begin, shown[0]), min(last, over)


def _chosen(shown: Sequence[int], begin: int, end: int, count: int, spread: str) -> set[int]:
    """Returns the stamps of the frames that are wanted."""
    if spread == "even":
        middles = ((2 * part + 1) * (end - begin) // (2 * count) for part in range(count))
        return {shown[max(0, bisect_right(shown, begin + middle) - 1)] for middle in middles}
    middle = max(0, (len(shown) - count) // 2)
    return set(shown[middle : middle + count])


def _frames_at(path: Path, chosen: set[int]) -> list[np.ndarray]:
    """Returns the frames with these stamps, as far as they can be decoded."""
    found = []
    for frame in decoded_frames(path):
        if frame.pts in chosen:
            found.append(upright(frame))
        if frame.pts >= max(chosen):
            break
    return found
