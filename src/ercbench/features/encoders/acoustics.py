"""Sound to statistics that need no model: mel bands and prosody, by librosa."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import librosa
import numpy as np

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_least
from ercbench.features.encoders.cache import each
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.clips import SHORTEST
from ercbench.features.media.sound import RATE, read_sound

WINDOW, HOP = 400, 160  # 25 ms every 10 ms, as is usual for speech
PITCH_WINDOW = 1024  # 64 ms: four periods of the lowest voice
LOWEST_VOICE, HIGHEST_VOICE = 65.0, 500.0  # Hz
VOICED_DB = 30.0  # a frame this far below the loudest one carries no pitch worth counting

PROSODY = (
    "seconds",
    "voiced_share",
    "pitch_mean",  # semitones above 55 Hz, over the voiced frames
    "pitch_sd",
    "pitch_low",  # 10th percentile
    "pitch_high",  # 90th
    "loudness_mean",  # dB of full scale
    "loudness_sd",
    "loudness_high",
    "zero_crossings_mean",  # share of the samples
    "zero_crossings_sd",
    "centroid_mean",  # Hz
    "centroid_sd",
    "rolloff_mean",  # Hz below which 85 % of the energy lies
    "rolloff_sd",
    "flatness_mean",
)
"""What each column of the prosody vector is."""


@dataclass(frozen=True)
class MelEncoder:
    """Mean and standard deviation over time of log mel bands, in dB of full scale.

    Args:
        bands: Number of bands between 0 and 8 kHz; the vector is [mean, deviation].
        most_seconds: What comes later in a recording is not read.
        name: What the feature set is called.

    Raises:
        ErcbenchError: A setting is wrong.
    """

    bands: int = 64
    most_seconds: float = 30.0
    name: str = "mel"
    modality: str = "audio"

    def __post_init__(self) -> None:
        check_least("most_seconds", self.most_seconds, SHORTEST)
        if not 1 <= self.bands <= 128:
            raise ErcbenchError(f"bands={self.bands}: expected 1 to 128. Change bands.")

    @property
    def width(self) -> int:
        """Length of a vector: two statistics of each band."""
        return 2 * self.bands

    @property
    def fitted_on(self) -> list[str]:
        """Nothing."""
        return []

    def describe(self) -> dict[str, Any]:
        """Returns librosa's version and the settings."""
        settings = {"bands": self.bands, "most_seconds": self.most_seconds}
        return _described("mel statistics", settings)

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [2 * bands] for each item with a sound, else the reason why not."""
        return each(self, items, self._vector)

    def _vector(self, item: Item) -> np.ndarray:
        samples = read_sound(item.utterance, self.most_seconds)
        decibels = log_mel(samples, self.bands)
        return np.concatenate([decibels.mean(1), decibels.std(1)]).astype(np.float32)


@dataclass(frozen=True)
class ProsodyEncoder:
    """Statistics of pitch, loudness and timbre, as `PROSODY` lists them.

    Args:
        most_seconds: What comes later in a recording is not read.
        name: What the feature set is called.

    Raises:
        ErcbenchError: A setting is wrong.
    """

    most_seconds: float = 30.0
    name: str = "prosody"
    modality: str = "audio"

    def __post_init__(self) -> None:
        check_least("most_seconds", self.most_seconds, SHORTEST)

    @property
    def width(self) -> int:
        """Length of a vector."""
        return len(PROSODY)

    @property
    def fitted_on(self) -> list[str]:
        """Nothing."""
        return []

    def describe(self) -> dict[str, Any]:
        """Returns librosa's version and the settings."""
        settings = {"columns": list(PROSODY), "most_seconds": self.most_seconds}
        return _described("prosody statistics", settings)

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector for each item with a sound, else the reason why not."""
        return each(self, items, self._vector)

    def _vector(self, item: Item) -> np.ndarray:
        samples = read_sound(item.utterance, self.most_seconds)
        seconds, samples = len(samples) / RATE, padded_to(samples, PITCH_WINDOW)
        loudness = _loudness(samples)
        pitch = _pitch(samples)[loudness > loudness.max() - VOICED_DB]
        timbre = [_mean_sd(row) for row in _timbre(samples)]
        flatness = librosa.feature.spectral_flatness(y=samples, n_fft=PITCH_WINDOW, hop_length=HOP)
        return np.array(
            [
                seconds,
                len(pitch) / len(loudness),
                *_mean_sd(pitch),
                *np.percentile(pitch, (10, 90)),
                *_mean_sd(loudness),
                np.percentile(loudness, 90),
                *(number for pair in timbre for number in pair),
                flatness.mean(),
            ],
            dtype=np.float32,
        )


def log_mel(samples: np.ndarray, bands: int) -> np.ndarray:
    """Returns mel bands [bands, frames] in dB of full scale, at most 80 dB below the loudest.

    Args:
        samples: [samples] at `RATE`.
        bands: Number of bands between 0 and 8 kHz.
    """
    power = librosa.feature.melspectrogram(
        y=padded_to(samples, WINDOW), sr=RATE, n_fft=WINDOW, hop_length=HOP, n_mels=bands
    )
    return librosa.power_to_db(power, ref=1.0, top_db=80.0)


def padded_to(samples: np.ndarray, count: int) -> np.ndarray:
    """Lengthens a very short sound with silence to the one window that a spectrum needs."""
    return np.pad(samples, (0, max(0, count - len(samples))))


def _loudness(samples: np.ndarray) -> np.ndarray:
    """Returns [frames] in dB of full scale, not below -100."""
    energy = librosa.feature.rms(y=samples, frame_length=PITCH_WINDOW, hop_length=HOP)[0]
    return librosa.amplitude_to_db(energy, ref=1.0, amin=1e-5, top_db=None)


def _pitch(samples: np.ndarray) -> np.ndarray:
    """Returns [frames] in semitones above 55 Hz (YIN, de Cheveigne and Kawahara 2002)."""
    hertz = librosa.yin(
        samples,
        fmin=LOWEST_VOICE,
        fmax=HIGHEST_VOICE,
        sr=RATE,
        frame_length=PITCH_WINDOW,
        hop_length=HOP,
    )
    return 12 * np.log2(hertz / 55.0)


def _timbre(samples: np.ndarray) -> list[np.ndarray]:
    """Returns [frames] of zero crossings, spectral centroid and spectral roll-off."""
    frames: dict[str, Any] = {"y": samples, "sr": RATE, "n_fft": PITCH_WINDOW, "hop_length": HOP}
    crossings = librosa.feature.zero_crossing_rate(
        samples, frame_length=PITCH_WINDOW, hop_length=HOP
    )
    centroid = librosa.feature.spectral_centroid(**frames)
    return [crossings[0], centroid[0], librosa.feature.spectral_rolloff(**frames)[0]]


def _mean_sd(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std())


def _described(encoder: str, settings: dict[str, Any]) -> dict[str, Any]:
    revision = f"librosa {version('librosa')}"
    return {"encoder": encoder, "revision": revision, "settings": {"rate": RATE, **settings}}


ENCODERS = (
    FrozenEncoder(
        "mel",
        "audio",
        "mean and deviation of log mel bands, by librosa",
        "mel statistics",
        MelEncoder,
        ("name", "bands", "most_seconds"),
    ),
    FrozenEncoder(
        "prosody",
        "audio",
        "pitch, loudness and timbre in 16 numbers, by librosa",
        "prosody statistics",
        ProsodyEncoder,
        ("name", "most_seconds"),
    ),
)
