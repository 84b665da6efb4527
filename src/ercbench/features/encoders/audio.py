"""Sound to vectors with wav2vec2 and other speech models of transformers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from transformers import AutoFeatureExtractor

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_least
from ercbench.features.encoders.backbone import Backbone, BackboneSettings, builder, options_of
from ercbench.features.encoders.cache import each
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.pretrained import load, locate, public_name
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.clips import SHORTEST, UnreadableError
from ercbench.features.media.sound import RATE, read_sound


@dataclass(frozen=True)
class AudioSettings(BackboneSettings):
    """How a sound becomes a vector.

    Attributes:
        model: `wav2vec2`, `wav2vec2-960h` or the folder of a model of that kind.
        most_seconds: What comes later in a recording is not read.
    """

    model: str = "wav2vec2"
    most_seconds: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least("most_seconds", self.most_seconds, SHORTEST)


@dataclass(frozen=True)
class Wav2Vec2Encoder(Backbone):
    """The sum of all hidden states of a speech model, averaged over the frames of a recording.

    Each recording goes through the model alone: the convolutions of wav2vec2-base normalise over
    time, so padding beside a longer recording would change a vector.

    Args:
        settings: How.
        name: What the feature set is called; by default after the model.
        fitted_on: Conversations whose labels the model saw; none for a public model.

    Raises:
        ErcbenchError: A setting is wrong, there is no such model, or it hears another rate.
    """

    settings: AudioSettings = AudioSettings()
    name: str = ""
    fitted_on: list[str] | None = field(default_factory=list)
    modality: str = "audio"

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [width] for each item with a sound, else the reason why not."""
        return each(self, items, self._vector)

    def _vector(self, item: Item) -> np.ndarray:
        return self.encode_sound(read_sound(item.utterance, self.settings.most_seconds))

    @torch.inference_mode()
    def encode_sound(self, samples: np.ndarray) -> np.ndarray:
        """Returns the vector [width] float32 of a sound [samples] at 16 kHz.

        Raises:
            UnreadableError: It is shorter than one frame of the model.
        """
        if int(self._model._get_feat_extract_output_lengths(len(samples))) < 1:
            raise UnreadableError(f"sound of {1000 * len(samples) / RATE:.0f} ms is too short")
        inputs = self._extractor(samples, sampling_rate=RATE, return_tensors="pt")
        with self._precision():
            output = self._model(inputs["input_values"].to(self._device), output_hidden_states=True)
        layers = torch.stack([layer[0].float() for layer in output.hidden_states])
        return layers.sum(0).mean(0).cpu().numpy()

    @cached_property
    def _extractor(self) -> Any:
        return load_extractor(self.settings.model)


def load_extractor(model: str) -> Any:
    """Loads how a model wants its sounds.

    Raises:
        ErcbenchError: The folder does not say, or at another rate than `RATE`.
    """
    extractor = load(AutoFeatureExtractor, locate(model))
    if extractor.sampling_rate != RATE:
        raise ErcbenchError(
            f"Model '{model}' expects {extractor.sampling_rate} Hz; sounds are read at "
            f"{RATE} Hz here. Give a model for {RATE} Hz."
        )
    return extractor


def _entry(name: str, summary: str) -> FrozenEncoder:
    build = builder(Wav2Vec2Encoder, AudioSettings(name))
    return FrozenEncoder(
        name, "audio", summary, public_name(name), build, options_of(AudioSettings)
    )


ENCODERS = (
    _entry("wav2vec2", "wav2vec 2.0 base, from the hub at a fixed revision"),
    _entry("wav2vec2-960h", "wav2vec 2.0 base, fine-tuned to transcribe 960 h of speech"),
)
