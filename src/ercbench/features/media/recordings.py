"""Parts of a long recording, which is decoded once however many of them are taken."""

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ercbench.corpora.excerpt import Excerpt
from ercbench.features.media.containers import (
    UnreadableError,
    decoded_frames,
    first,
    opened,
    pyav,
    read_stamps,
    upright,
)

BLOCK = 1 << 16  # samples read at once from a file that is no container
LEAST_GAP = 0.1  # seconds of sound left out, as recorders on the web do, that silence stands for


class RecordingSound:
    """A recording's sound, kept from where the last part begins to where it is decoded.

    Args:
        path: Of the recording.

    Raises:
        UnreadableError: It is broken or has no sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()

    def read(self, start: float, end: float) -> np.ndarray:
        """Returns [samples] float32 between two moments in seconds, as far as there are any."""
        begin, last = round(start * self.rate), round(end * self.rate)
        if begin < self._begins:
            self._begin()
        while self._begins + self._length < last:
            block = next(self._blocks, None)
            if block is None:
                break
            self._kept.append(block)
            self._length += len(block)
            self._forget_before(begin)
        self._forget_before(begin)
        kept = np.concatenate(self._kept) if self._kept else np.zeros(0, np.float32)
        return kept[max(0, begin - self._begins) : max(0, last - self._begins)]

    def _begin(self) -> None:
        self.rate, self._blocks = sound_blocks(self.path)
        self._kept: deque[np.ndarray] = deque()
        self._begins = self._length = 0

    def _forget_before(self, sample: int) -> None:
        while self._kept and self._begins + len(self._kept[0]) <= sample:
            self._begins += len(self._kept[0])
            self._length -= len(self._kept.popleft())


class RecordingPictures:
    """A recording's frames, decoded forwards.

    Args:
        path: Of the recording.

    Raises:
        UnreadableError: It is broken or has no picture.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.stamps = path, read_stamps(path)
        self._frames: Iterator[Any] = iter(())
        self._at: int | None = None

    def frames(self, chosen: set[int]) -> list[np.ndarray]:
        """Returns the frames [height, width, 3] with these stamps, in order.

        What lies before the last frame that was returned is decoded again from its key frame on.

        Raises:
            UnreadableError: The recording is broken there.
        """
        if self._at is None or min(chosen) <= self._at:
            self._frames = _frames_from(self.path, min(chosen))
        found = []
        for frame in self._frames:
            self._at = frame.pts
            if frame.pts in chosen:
                found.append(upright(frame))
            if frame.pts >= max(chosen):
                break
        return found


@lru_cache(maxsize=1)
def recording_sound(path: Path) -> RecordingSound:
    """Returns the sound of a recording; of the last one that was asked for the same again."""
    return RecordingSound(path)


@lru_cache(maxsize=1)
def recording_pictures(path: Path) -> RecordingPictures:
    """Returns the pictures of a recording; of the last one that was asked for the same again."""
    return RecordingPictures(path)


def forget_recordings() -> None:
    """Closes the recordings that are open, which may be others when they are opened again."""
    recording_sound.cache_clear()
    recording_pictures.cache_clear()


def excerpt_sound(excerpt: Excerpt, most_seconds: float) -> tuple[np.ndarray, int]:
    """Returns the sound of a part of a recording, its channels mixed down to one.

    Parts that are asked for in order of their beginnings are decoded in one pass.

    Args:
        excerpt: The part.
        most_seconds: What comes later in it is not read.

    Returns:
        [samples] float32, and samples per second.

    Raises:
        UnreadableError: The recording is broken, or has no sound there.
    """
    sound = recording_sound(excerpt.path)
    samples = sound.read(excerpt.start, min(excerpt.end, excerpt.start + most_seconds))
    if not len(samples):
        raise UnreadableError("the recording has no sound there")
    if not samples.any():
        raise UnreadableError("the recording is silent there")
    return samples, sound.rate


def sound_blocks(path: Path) -> tuple[int, Iterator[np.ndarray]]:
    """Returns samples per second of a recording, and its sound in blocks [samples] float32.

    Raises:
        UnreadableError: It is broken or has no sound.
    """
    if not path.is_file():
        raise UnreadableError(f"no file {path.name}")
    try:
        rate = soundfile.info(path).samplerate
    except soundfile.LibsndfileError:
        with opened(path) as container:
            rate = first(container.streams.audio, "sound").rate
        return rate, _blocks_of_container(path, rate)
    blocks = soundfile.blocks(path, BLOCK, dtype="float32", always_2d=True)
    return rate, (block.mean(axis=1) for block in blocks)


def _blocks_of_container(path: Path, rate: int) -> Iterator[np.ndarray]:
    """Yields the sound in its place in time: silence stands for what is missing or broken."""
    with opened(path) as container:
        resampler = pyav().AudioResampler(format="flt", layout="mono", rate=rate)
        zero, done = (container.start_time or 0) / pyav().time_base, 0
        for packet in container.demux(first(container.streams.audio, "sound")):
            for frame in _decoded(packet):
                missing = round(((frame.time or 0) - zero) * rate) - done
                if missing > LEAST_GAP * rate:
                    yield np.zeros(missing, np.float32)
                    done += missing
                for part in resampler.resample(frame):
                    yield part.to_ndarray()[0]
                    done += part.samples


def _decoded(packet: Any) -> list[Any]:
    try:
        return packet.decode()
    except pyav().error.InvalidDataError:
        return []


def _frames_from(path: Path, stamp: int) -> Iterator[Any]:
    """Yields decoded frames from the key frame before a stamp on, else from the beginning."""
    frames = decoded_frames(path, stamp)
    try:
        frame = next(frames, None)
    except UnreadableError:  # without an index the key frame cannot be found
        frame = None
    if frame is None or frame.pts > stamp:
        return decoded_frames(path)
    return chain([frame], frames)
