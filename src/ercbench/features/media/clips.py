"""Sound and frames of a clip, by PyAV."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.extras import require
from ercbench.features.encoders.encoder import Item, Vector

SHORTEST = 0.1
"""Seconds of a recording that must at least be read."""


class UnreadableError(Exception):
    """A recording cannot be used; the message says why, for the report of missing rows."""


def each(items: Sequence[Item], vector_of: Callable[[Item], np.ndarray]) -> list[Vector]:
    """Returns `vector_of(item)` for each, or the reason where its recording cannot be used."""
    vectors: list[Vector] = []
    for item in items:
        try:
            vectors.append(vector_of(item))
        except UnreadableError as error:
            vectors.append(str(error))
    return vectors


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
    with _opened(path) as container:
        stream = _first(container.streams.audio, "sound")
        rate = stream.rate
        resampler = _av().AudioResampler(format="flt", layout="mono", rate=rate)
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
        path: The clip.
        count: How many; a clip that shows fewer gives each of its frames once.
        most_seconds: What comes later is not read.
        spread: `even`, each what is seen in the middle of its time, or `successive`.

    Returns:
        Up to `count` frames [height, width, 3] uint8, RGB, in order and upright, as players show
        them.

    Raises:
        UnreadableError: The clip is broken or has no picture.
    """
    stamps, end = _stamps(path, most_seconds)
    if not stamps:
        raise UnreadableError("clip has 0.0 s of picture")
    if spread == "even":
        middles = ((2 * part + 1) * (end - stamps[0]) // (2 * count) for part in range(count))
        chosen = {stamps[bisect_right(stamps, stamps[0] + middle) - 1] for middle in middles}
    else:
        first = max(0, (len(stamps) - count) // 2)
        chosen = set(stamps[first : first + count])
    with _opened(path) as container:
        frames = list(_frames_at(container, chosen))
    if not frames:
        raise UnreadableError("none of the chosen frames can be decoded")
    return frames


def _stamps(path: Path, most_seconds: float) -> tuple[list[int], int]:
    """Returns the time stamps of a clip's frames, sorted, without decoding, and when it ends.

    A clip's header is not asked for its duration: in real corpora it can be wrong. The last frame
    lasts as long as its packet says, or as the others do on average.
    """
    with _opened(path) as container:
        stream = _first(container.streams.video, "picture")
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        lasting = {packet.pts: packet.duration or 0 for packet in packets}
        stamps = sorted(lasting)
        last = stamps[0] + most_seconds / stream.time_base if stamps else 0
    stamps = [stamp for stamp in stamps if stamp <= last]
    if not stamps:
        return [], 0
    usual = (stamps[-1] - stamps[0]) // max(1, len(stamps) - 1) or 1
    return stamps, stamps[-1] + (lasting[stamps[-1]] or usual)


def _frames_at(container: Any, chosen: set[int]) -> Iterator[np.ndarray]:
    last = max(chosen)
    for frame in container.decode(container.streams.video[0]):
        if frame.pts in chosen:
            quarters = round(frame.rotation / 90)  # anticlockwise, as numpy turns
            yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters))
        if frame.pts is not None and frame.pts >= last:
            return


def _first(streams: Any, what: str) -> Any:
    if not streams:
        raise UnreadableError(f"clip has no {what}")
    return streams[0]


def _av() -> Any:
    """Returns PyAV, which decodes sound and pictures.

    Raises:
        ErcbenchError: It is not installed.
    """
    require("av", "recordings", "recordings in containers")
    import av

    return av


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens a clip; whatever PyAV cannot do with it becomes a reason."""
    if not path.is_file():
        raise UnreadableError(f"no file {path.name}")
    av = _av()
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"not a readable clip ({reason})") from None
