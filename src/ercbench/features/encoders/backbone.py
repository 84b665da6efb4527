"""What all encoders with a transformers model have in common."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import torch
from transformers import AutoConfig, AutoModel

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_choice
from ercbench.features.encoders.pretrained import PUBLIC, Located, load, load_model, locate
from ercbench.features.encoders.provenance import trained_on

DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True)
class BackboneSettings:
    """Which model, and how it computes.

    Attributes:
        model: A public name of `pretrained.py`, or the folder of a model.
        dtype: `float32`, or `bfloat16` for matrix products in half the bits (by autocast).
        device: `auto`, `cpu`, `cuda`.
    """

    model: str
    dtype: str = "float32"
    device: str = "auto"

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)


class Backbone:
    """A frozen model, loaded when it first encodes; a frozen dataclass builds on it.

    Attributes:
        settings: Which model and how.
        name: What the feature set is called; by default after the model.
    """

    settings: BackboneSettings
    name: str

    def __post_init__(self) -> None:
        if self.name and self.settings.model in PUBLIC:
            return  # to be downloaded only once the corpus has been looked at
        located = self._located  # now, so that a folder that is not there is told at once
        object.__setattr__(self, "name", self.name or located.name)

    @property
    def width(self) -> int:
        """Length of a vector: the width of the model's last layer."""
        config = load(AutoConfig, self._located)
        return config.hidden_sizes[-1] if hasattr(config, "hidden_sizes") else config.hidden_size

    @property
    def trained_on(self) -> tuple[str, ...] | None:
        """Corpora of this field that the model was trained on; None if nobody knows."""
        return trained_on(self.settings.model)

    def describe(self) -> dict[str, Any]:
        """Returns the model, its revision and the settings."""
        settings = asdict(self.settings) | {"device": self._device.type}
        del settings["model"]
        encoder, revision = self._located.encoder, self._located.revision
        return {"encoder": encoder, "revision": revision, "settings": settings}

    @property
    def _located(self) -> Located:
        return locate(self.settings.model)

    @cached_property
    def _device(self) -> torch.device:
        return device_of(self.settings.device)

    @cached_property
    def _model(self) -> Any:
        model = load_model(AutoModel, self._located)
        return model.eval().to(self._device)

    def _precision(self) -> AbstractContextManager[Any]:
        return precision(self.settings.dtype, self._device)


def precision(dtype: str, device: torch.device) -> AbstractContextManager[Any]:
    """Returns the context in which a model computes in `float32` or `bfloat16`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bfloat16")


def builder(
    kind: Callable[..., Any], settings: BackboneSettings, name: str = ""
) -> Callable[..., Any]:
    """Returns what makes an encoder of these settings, but for the options it is given."""

    def build(name: str = name, **options: Any) -> Any:
        return kind(replace(settings, **options), name)

    return build


def options_of(settings: type[BackboneSettings]) -> tuple[str, ...]:
    """Returns the options that an encoder with such settings has."""
    return ("name", *(field.name for field in fields(settings) if field.name != "model"))


def device_of(name: str) -> torch.device:
    """Returns the device that a setting names; `auto` is a GPU where there is one.

    Raises:
        ErcbenchError: There is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ErcbenchError(
            f"device={name}: cannot be used ({str(error).splitlines()[0]}). Set device to auto, "
            "cpu or cuda."
        ) from None
