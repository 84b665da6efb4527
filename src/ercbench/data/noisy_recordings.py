"""Recordings under noise: an encoder of sound hears every one at a signal-to-noise ratio."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile

from ercbench.corpora.conversation import Utterance
from ercbench.data.damage import noise_scale, number
from ercbench.features.encoders.encoder import Encoder, Item, Vector
from ercbench.features.encoders.inputs import inputs_of
from ercbench.features.media.containers import UnreadableError
from ercbench.features.media.sound import RATE, read_sound

MOST_SECONDS = 3600.0
"""What comes later in an utterance is not heard; encoders read less."""


@dataclass(frozen=True)
class NoisyRecordings:
    """An encoder of sound, to which every recording of an utterance comes with white noise.

    Args:
        encoder: What hears them. If it reads neighbours too, it hears these as they are.
        ratio: Mean power of the utterance's sound over that of the noise, in dB.
        draw: Number of the draw; the noise of one draw is the same at every ratio, but for its
            strength.
    """

    encoder: Encoder
    ratio: float
    draw: int

    @property
    def name(self) -> str:
        """What the feature set is called."""
        return f"{self.encoder.name}-noise{self.ratio:g}-draw{self.draw}"

    @property
    def modality(self) -> str:
        """The encoder's."""
        return self.encoder.modality

    @property
    def width(self) -> int:
        """Length of a vector."""
        return self.encoder.width

    @property
    def fitted_on(self) -> list[str] | None:
        """Conversations whose labels the encoder saw."""
        return self.encoder.fitted_on

    @property
    def inputs(self) -> tuple[str, ...]:
        """Fields of an utterance that the encoder reads."""
        return inputs_of(self.encoder)

    @property
    def trained_on(self) -> Sequence[str] | None:
        """Corpora that the encoder's model was trained on."""
        return getattr(self.encoder, "trained_on", ())

    def describe(self) -> dict[str, Any]:
        """Returns the encoder's account of itself, and the noise."""
        own = self.encoder.describe()
        noise = {"noise": "white", "ratio_db": self.ratio, "draw": self.draw}
        return {**own, "settings": {**own.get("settings", {}), **noise}}

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns, in order, a vector or the reason why there is none."""
        with TemporaryDirectory(prefix="ercbench-noise-") as folder:
            return self.encoder.encode(
                [self._noisy(item, Path(folder) / f"{row}.wav") for row, item in enumerate(items)]
            )

    def _noisy(self, item: Item, path: Path) -> Item:
        """Returns an item that has a noisy recording; as it is where there is nothing to hear."""
        try:
            sound = read_sound(item.utterance, MOST_SECONDS)
        except UnreadableError:  # the encoder says it in its own words
            return item
        soundfile.write(path, self._with_noise(sound, item.utterance), RATE, subtype="FLOAT")
        turns = list(item.conversation.utterances)
        turns[item.turn] = replace(item.utterance, audio=str(path), video=None)
        return Item(replace(item.conversation, utterances=tuple(turns)), item.turn)

    def _with_noise(self, sound: np.ndarray, utterance: Utterance) -> np.ndarray:
        random = np.random.default_rng(number(utterance.id, "recording", self.draw))
        strength = np.sqrt(np.mean(np.square(sound, dtype=np.float64))) * noise_scale(self.ratio)
        noise = random.standard_normal(len(sound), np.float32)
        return sound + noise * np.float32(strength)
