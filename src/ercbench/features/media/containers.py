"""Streams of a recording, opened by PyAV."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.extras import require


class UnreadableError(Exception):
    """A recording cannot be used; the message says why, for the report of missing rows."""


@dataclass(frozen=True)
class Stamps:
    """When the frames of a recording are shown, in units of its clock.

    Attributes:
        shown: Sorted; at least one.
        lasting: Stamp to how long the frame is shown, as its packet says; 0 where it does not.
        zero: The beginning of the recording, from which players count.
        unit: Seconds.
    """

    shown: list[int]
    lasting: dict[int, int]
    zero: int
    unit: Fraction

    def end(self, shown: Sequence[int]) -> int:
        """Returns when the last of some frames ends; by default they last alike."""
        usual = (shown[-1] - shown[0]) // max(1, len(shown) - 1) or 1
        return shown[-1] + (self.lasting[shown[-1]] or usual)


def read_stamps(path: Path) -> Stamps:
    """Reads the time stamps of a recording's frames, without decoding.

    Its header is not asked for its duration: in real corpora it can be wrong.

    Raises:
        UnreadableError: The recording is broken or has no picture.
    """
    with opened(path) as container:
        stream = first(container.streams.video, "picture")
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        lasting = {packet.pts: packet.duration or 0 for packet in packets}
        zero = Fraction(container.start_time or 0, pyav().time_base) / stream.time_base
        unit = stream.time_base
    if not lasting:
        raise UnreadableError("clip has 0.0 s of picture")
    return Stamps(sorted(lasting), lasting, round(zero), unit)


def decoded_frames(path: Path, stamp: int | None = None) -> Iterator[Any]:
    """Yields the frames of a recording, from the beginning or from the key frame before a stamp.

    Raises:
        UnreadableError: The recording is broken or has no picture.
    """
    with opened(path) as container:
        stream = first(container.streams.video, "picture")
        if stamp is not None:
            container.seek(stamp, stream=stream)
        yield from (frame for frame in container.decode(stream) if frame.pts is not None)


def upright(frame: Any) -> np.ndarray:
    """Returns a decoded frame [height, width, 3] uint8, RGB, as players show it."""
    quarters = round(frame.rotation / 90)  # anticlockwise, as numpy turns
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarters))


def first(streams: Any, what: str) -> Any:
    """Returns the first of some streams.

    Raises:
        UnreadableError: There is none.
    """
    if not streams:
        raise UnreadableError(f"clip has no {what}")
    return streams[0]


def pyav() -> Any:
    """Returns PyAV, which decodes sound and pictures.

    Raises:
        ErcbenchError: It is not installed.
    """
    require("av", "recordings", "recordings in containers")
    import av

    return av


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Opens a recording; whatever PyAV cannot do with it becomes a reason.

    Raises:
        UnreadableError: The file is absent or broken.
    """
    if not path.is_file():
        raise UnreadableError(f"no file {path.name}")
    av = pyav()
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"not a readable clip ({reason})") from None
