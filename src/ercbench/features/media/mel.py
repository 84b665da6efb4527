"""Sound to mel pictures, as M2FNet's audio extractor sees it (arXiv 2206.02187).

The paper gives windows of 25 ms every 10 ms, 128 bands, time warping and additive white Gaussian
noise; logarithm, scale, width and the strength of either are a reconstruction.
"""

from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np
import torch
from torch.nn import functional as F

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_choice, check_least
from ercbench.features.encoders.acoustics import log_mel, padded_to

VOCODER_WINDOW = 1024  # 64 ms, long enough to keep a voice's pitch while its pace changes
LEAST_PIXELS = 32  # what a ResNet makes one pixel of
LEAST_CONTRAST = 1.0  # dB; less is rounding, or no picture
WARP = 0.1  # how far a moment may move, as a share of the sound
LOWEST_SNR, HIGHEST_SNR = 5.0, 40.0  # dB


@dataclass(frozen=True)
class PictureSettings:
    """How a sound becomes a picture.

    Attributes:
        bands: Height; mel bands between 0 and 8 kHz.
        width: Width in pixels.
        fit: How time becomes that wide: `stretch` any sound to the whole picture, or `pad`:
            10 ms per pixel, the dark after a short sound, the end of a long one cut off.

    Raises:
        ErcbenchError: A setting is wrong.
    """

    bands: int = 128
    width: int = 128
    fit: str = "stretch"

    def __post_init__(self) -> None:
        if not LEAST_PIXELS <= self.bands <= 128:
            raise ErcbenchError(
                f"bands={self.bands}: expected {LEAST_PIXELS} to 128. Change bands."
            )
        check_least("width", self.width, LEAST_PIXELS)
        check_choice("fit", self.fit, ("stretch", "pad"))


def mel_picture(samples: np.ndarray, settings: PictureSettings) -> np.ndarray:
    """Returns a picture [bands, width] float32, its darkest pixel 0 and its brightest 1.

    Silence, where all pixels are the same, is dark all over.

    Args:
        samples: [samples] at 16 kHz, finite.
        settings: How.
    """
    decibels = log_mel(samples, settings.bands)
    fitted = _stretched if settings.fit == "stretch" else _padded
    picture = fitted(decibels, settings.width)
    picture = picture - picture.min()
    return (picture / max(picture.max(), LEAST_CONTRAST)).astype(np.float32)


def augment(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns a sound [samples] of the same length, warped in time and with noise.

    For training only. A moment of the middle half comes up to a tenth of the sound earlier or
    later; what is before and after is slowed or hurried at its own pitch.

    Args:
        samples: [samples] at 16 kHz, finite, at least one.
        generator: Of moment, shift and noise.
    """
    sound = padded_to(samples, VOCODER_WINDOW)
    spectrum = librosa.stft(sound, n_fft=VOCODER_WINDOW)
    warped = librosa.istft(_warped(spectrum, _paced, generator), length=len(samples))
    return _noisy(warped, generator)


def augment_picture(picture: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Does the like of `augment` to a picture whose sound is not at hand.

    Args:
        picture: [bands, width] from 0 to 1.
        generator: Of moment, shift and noise.

    Returns:
        [bands, width] float32 from 0 to 1.
    """
    warped = _warped(picture.astype(np.float32), _stretched, generator)
    return _noisy(warped, generator).clip(0, 1)


def _stretched(picture: np.ndarray, width: int) -> np.ndarray:
    """Resizes [bands, frames] to [bands, width]; where it shrinks, it averages."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture))[None, None]
    size = (len(picture), width)
    return F.interpolate(pixels, size, mode="bilinear", antialias=True)[0, 0].numpy()


def _padded(picture: np.ndarray, width: int) -> np.ndarray:
    """Cuts or darkens [bands, frames] to [bands, width]."""
    missing = max(0, width - picture.shape[1])
    return np.pad(picture[:, :width], ((0, 0), (0, missing)), constant_values=picture.min())


def _paced(spectrum: np.ndarray, frames: int) -> np.ndarray:
    """Brings a spectrum [frequencies, any] to so many frames, at its own pitch."""
    return librosa.phase_vocoder(spectrum, rate=spectrum.shape[1] / frames)


def _warped(
    columns: np.ndarray,
    resize: Callable[[np.ndarray, int], np.ndarray],
    generator: np.random.Generator,
) -> np.ndarray:
    """Moves one column and resizes what is before and after (SpecAugment, arXiv 1904.08779)."""
    count = columns.shape[1]
    if count < 2:
        return columns
    share, shift = generator.uniform(0.25, 0.75), generator.uniform(-WARP, WARP)
    old, new = (int(np.clip(round(count * s), 1, count - 1)) for s in (share, share + shift))
    parts = resize(columns[:, :old], new), resize(columns[:, old:], count - new)
    return np.concatenate(parts, 1)


def _noisy(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Adds white Gaussian noise at a random signal-to-noise ratio."""
    decibels = generator.uniform(LOWEST_SNR, HIGHEST_SNR)
    deviation = np.sqrt(np.square(values).mean() / 10 ** (decibels / 10))
    noise = generator.standard_normal(values.shape, dtype=np.float32)
    return values + np.float32(deviation) * noise
