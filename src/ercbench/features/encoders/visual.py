"""Clips to vectors: an image model of transformers over a few frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoImageProcessor

from ercbench.features.checks import check_choice, check_least
from ercbench.features.encoders.backbone import Backbone, BackboneSettings, builder, options_of
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.pretrained import load, public_name
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.clips import SHORTEST, UnreadableError, clip_frames, each


@dataclass(frozen=True)
class VisualSettings(BackboneSettings):
    """How a clip becomes a vector.

    Attributes:
        model: `resnet-18`, `vit` or the folder of an image model.
        frames: How many, evenly over the clip.
        pooling: `mean` or `max` over the frames.
        most_seconds: What comes later in a clip is not read.
    """

    model: str = "resnet-18"
    frames: int = 8
    pooling: str = "mean"
    most_seconds: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least("most_seconds", self.most_seconds, SHORTEST)
        check_choice("pooling", self.pooling, ("mean", "max"))
        check_least("frames", self.frames, 1)


@dataclass(frozen=True)
class FrameEncoder(Backbone):
    """Encodes whole frames; where the face is, is not looked for.

    Args:
        settings: How.
        name: What the feature set is called; by default after the model.
        fitted_on: Conversations whose labels the model saw; none for a public model.

    Raises:
        ErcbenchError: A setting is wrong, or there is no such model.
    """

    settings: VisualSettings = VisualSettings()
    name: str = ""
    fitted_on: list[str] | None = field(default_factory=list)
    modality: str = "visual"

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [width] for each item with a clip, else the reason why not."""
        return each(items, self._vector)

    @torch.inference_mode()
    def _vector(self, item: Item) -> np.ndarray:
        if item.utterance.video is None:
            raise UnreadableError("no clip")
        settings = self.settings
        images = clip_frames(Path(item.utterance.video), settings.frames, settings.most_seconds)
        pixels = self._processor(images, return_tensors="pt")["pixel_values"].to(self._device)
        with self._precision():
            states = self._model(pixels).last_hidden_state.float()
        # A ResNet gives a map [F, D, H, W], averaged; a ViT tokens [F, L, D], the first of which
        # stands for the image.
        frames = states.mean((2, 3)) if states.ndim == 4 else states[:, 0]
        pooled = frames.amax(0) if settings.pooling == "max" else frames.mean(0)
        return pooled.cpu().numpy()

    @cached_property
    def _processor(self) -> Any:
        # The other way of resizing needs torchvision.
        return load(AutoImageProcessor, self._located, backend="pil")


def _entry(name: str, summary: str, settings: VisualSettings) -> FrozenEncoder:
    build = builder(FrameEncoder, settings, name)
    return FrozenEncoder(
        name, "visual", summary, public_name(settings.model), build, options_of(VisualSettings)
    )


ENCODERS = (
    _entry("frames", "ResNet-18 over 8 frames of a clip", VisualSettings("resnet-18")),
    _entry("vit", "ViT base over 8 frames of a clip", VisualSettings("vit")),
)
