"""The sound of an utterance: one channel at 16 kHz, whatever the file holds."""

import re
from pathlib import Path

import librosa
import numpy as np
import soundfile

from ercbench.corpora.conversation import Utterance
from ercbench.corpora.excerpt import excerpt_of
from ercbench.features.media.clips import UnreadableError, clip_sound
from ercbench.features.media.recordings import excerpt_sound

RATE = 16_000
"""Samples per second of every sound that an encoder sees."""
_UNKNOWN_FORMAT = 1  # SF_ERR_UNRECOGNISED_FORMAT of libsndfile


def read_sound(utterance: Utterance, most_seconds: float) -> np.ndarray:
    """Returns an utterance's sound, from its audio file or else from its clip.

    Args:
        utterance: With the path of a recording.
        most_seconds: What comes later is not read.

    Returns:
        [samples] float32 at `RATE`, at least one sample.

    Raises:
        UnreadableError: There is no sound to be had, with the reason.
    """
    excerpt = excerpt_of(utterance.audio or utterance.video or "")
    if excerpt is not None:
        samples, rate = excerpt_sound(excerpt, most_seconds)
    elif utterance.audio is not None:
        samples, rate = _read_file(Path(utterance.audio), most_seconds)
    elif utterance.video is not None:
        samples, rate = clip_sound(Path(utterance.video), most_seconds)
    else:
        raise UnreadableError("no recording")
    if not len(samples):
        raise UnreadableError("recording of 0 samples")
    if not np.isfinite(samples).all():
        raise UnreadableError("recording holds NaN or infinity")
    return at_rate(samples, rate)


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    """Returns sound [samples] resampled from `rate` to `RATE`, band-limited (soxr)."""
    if rate != RATE:
        samples = librosa.resample(samples, orig_sr=rate, target_sr=RATE, res_type="soxr_hq")
    return np.ascontiguousarray(samples, dtype=np.float32)


def _read_file(path: Path, most_seconds: float) -> tuple[np.ndarray, int]:
    """Returns the mean of the channels [samples] float32 and the file's rate.

    What libsndfile does not know, such as m4a and webm, is read as a clip.
    """
    if not path.is_file():
        raise UnreadableError(f"no file {path.name}")
    try:
        with soundfile.SoundFile(path) as file:
            _refuse_truncated(file.extra_info)
            frames = int(most_seconds * file.samplerate)
            samples = file.read(frames, dtype="float32", always_2d=True)
            return samples.mean(axis=1), file.samplerate
    except soundfile.LibsndfileError as error:
        if error.code != _UNKNOWN_FORMAT:
            raise UnreadableError(f"not a readable sound file ({_plain(error)})") from None
    try:
        return clip_sound(path, most_seconds)
    except UnreadableError as error:
        raise UnreadableError(f"not a readable sound file ({error})") from None


def _refuse_truncated(header: str) -> None:
    """Compares the length that a wav file claims, as libsndfile logs it, with what is there."""
    found = re.search(r"^data *: (\d+) \(should be (\d+)\)", header, re.MULTILINE)
    # Programs that write to a pipe cannot know the length and claim the greatest number.
    if found and int(found[2]) < int(found[1]) < 0x7FFF0000:
        raise UnreadableError(f"truncated: {found[2]} of {found[1]} bytes of sound")


def _plain(error: Exception) -> str:
    """Returns libsndfile's reason without the path."""
    return str(error).split(": ", 1)[-1].strip().rstrip(".") or type(error).__name__
