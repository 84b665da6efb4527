"""Clips to vectors: an image model of transformers over a few frames, or the faces in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoConfig, AutoImageProcessor, AutoModel, CLIPVisionModelWithProjection

from ercbench.features.checks import check_choice, check_least
from ercbench.features.encoders.backbone import Backbone, BackboneSettings, builder, options_of
from ercbench.features.encoders.cache import each
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.pretrained import load, load_model, public_name
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.clips import SHORTEST, UnreadableError, clip_frames
from ercbench.features.media.faces import clip_pictures
from ercbench.features.media.mtcnn import MTCNN

FACES = MTCNN()
FACE_SIZE, MARGIN = 224, 0.0  # pixels of a face; how much more than its box is cut out, as a share


@dataclass(frozen=True)
class VisualSettings(BackboneSettings):
    """How a clip becomes a vector.

    Attributes:
        model: `resnet-18`, `vit`, `clip` or the folder of an image model.
        frames: How many, evenly over the clip.
        pooling: `mean` or `max` over the frames.
        most_seconds: What comes later in a clip is not read.
        view: `scene`: whole frames. `faces`: what MTCNN finds in them, each face counting by its
            share of the area. `both`: scene, then faces, which are 0 where there is none, as in
            M2FNet; twice as wide.
    """

    model: str = "resnet-18"
    frames: int = 8
    pooling: str = "mean"
    most_seconds: float = 30.0
    view: str = "scene"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least("most_seconds", self.most_seconds, SHORTEST)
        check_choice("pooling", self.pooling, ("mean", "max"))
        check_choice("view", self.view, ("scene", "faces", "both"))
        check_least("frames", self.frames, 1)


@dataclass(frozen=True)
class FrameEncoder(Backbone):
    """Encodes whole frames, the faces in them, or both.

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

    @property
    def width(self) -> int:
        """Length of a vector: the model's width, of scene and faces twice that."""
        config = load(AutoConfig, self._located)
        clip = config.model_type == "clip"
        return (2 if self.settings.view == "both" else 1) * (
            config.projection_dim if clip else super().width
        )

    def describe(self) -> dict[str, Any]:
        """Returns the model, its revision and the settings."""
        described = super().describe()
        if self.settings.view == "scene":
            del described["settings"]["view"]  # as described before there was a choice
        else:
            described["settings"] |= {"least_face": FACES.least_face, "margin": MARGIN}
        return described

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [width] for each item with a clip, else the reason why not."""
        return each(self, items, self._vector)

    @torch.inference_mode()
    def _vector(self, item: Item) -> np.ndarray:
        if item.utterance.video is None:
            raise UnreadableError("no clip")
        own = self.settings
        images = clip_frames(Path(item.utterance.video), own.frames, own.most_seconds)
        seen = []
        if own.view != "faces":
            seen.append(self._pooled(self._vectors(images)))
        if own.view != "scene":
            seen.append(self._faces(images))
        return torch.cat(seen).cpu().numpy()

    def _faces(self, images: Sequence[np.ndarray]) -> Tensor:
        """Returns the vector [width] of the faces in frames.

        Raises:
            UnreadableError: There is none, and nothing else is looked at.
        """
        clip = clip_pictures(images, FACES, FACE_SIZE, MARGIN)
        if not len(clip.faces):
            if self.settings.view == "faces":
                raise UnreadableError(f"no face in {len(images)} frames")
            return torch.zeros(self.width // 2, device=self._device)
        weights = torch.from_numpy(clip.weights).to(self._device)
        return self._pooled((weights @ self._vectors(list(clip.faces)))[weights.any(1)])

    def _vectors(self, images: Sequence[np.ndarray]) -> Tensor:
        """Returns [N, width] of pictures [height, width, 3]."""
        pixels = self._processor(images, return_tensors="pt")["pixel_values"].to(self._device)
        with self._precision():
            output = self._model(pixels)
        if hasattr(output, "image_embeds"):
            return output.image_embeds.float()
        # A ResNet gives a map [N, D, H, W], averaged; a ViT tokens [N, L, D], the first of which
        # stands for the image.
        states = output.last_hidden_state.float()
        return states.mean((2, 3)) if states.ndim == 4 else states[:, 0]

    def _pooled(self, frames: Tensor) -> Tensor:
        return frames.amax(0) if self.settings.pooling == "max" else frames.mean(0)

    @cached_property
    def _model(self) -> Any:
        clip = load(AutoConfig, self._located).model_type == "clip"
        kind = CLIPVisionModelWithProjection if clip else AutoModel
        return load_model(kind, self._located).eval().to(self._device)

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
    _entry("clip", "CLIP's ViT-B/32 over 8 frames of a clip", VisualSettings("clip")),
)
