"""An encoder that was trained here, as `ercbench prepare` takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import get_class

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_choice
from ercbench.features.encoders.backbone import DTYPES, device_of, precision
from ercbench.features.encoders.batches import by_length
from ercbench.features.encoders.cache import each
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.inputs import INPUTS
from ercbench.features.encoders.provenance import trained_on
from ercbench.features.media.containers import UnreadableError
from ercbench.files import sha256_of_file
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.models.base.trainable import open_checkpoint, take_weights
from ercbench.models.registry import TRAINABLE_ENCODERS
from ercbench.records.run_folder import RunFolder

AT_ONCE = 32
# Options of every trained encoder: how it computes.
COMPUTING = ("dtype", "device")


@dataclass(frozen=True)
class TrainedEncoder:
    """The encoder of a checkpoint.

    Args:
        path: `best.ckpt` of a run of `ercbench finetune`.
        name: What the feature set is called.
        options: Settings to change of those that say how utterances are encoded; and `dtype` and
            `device`, as `BackboneSettings` has them.

    Raises:
        ErcbenchError: The file is damaged or holds no encoder, or an option is no such setting.
    """

    path: Path
    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_choice("dtype", self._dtype, DTYPES)
        run = RunFolder(self.path.parent.parent)
        if run.best == self.path and run.finished:
            run.check_best()
        if str(self._checkpoint["classifier"]) not in _classes():
            raise ErcbenchError(
                f"{self.path}: holds a {self._checkpoint['classifier']}; expected one of "
                f"{', '.join(_classes())}. Give a checkpoint of ercbench finetune."
            )
        self._check_settings()
        changeable = ("name", *COMPUTING, *self._class.changeable)
        unknown = sorted(set(self.options) - set(changeable))
        if unknown:
            raise ErcbenchError(
                f"options: {self.path} keeps the {', '.join(unknown)} it was trained with; what "
                f"can be changed: {', '.join(changeable)}. Leave the others out."
            )

    @property
    def modality(self) -> str:
        """What it reads."""
        return self._class.modality

    @property
    def inputs(self) -> tuple[str, ...]:
        """What of an utterance it reads; nothing if it was given pictures by utterance id."""
        return () if self._settings.get("pictures") else INPUTS[self.modality]

    @cached_property
    def width(self) -> int:
        """Length of a vector."""
        weights, heads = self._checkpoint["state_dict"], ("classify.weight", "project.bias")
        width = next(own.shape[-1] for name, own in weights.items() if name.endswith(heads))
        return self._class.vectors * width

    @property
    def fitted_on(self) -> list[str] | None:
        """The conversations on whose labels it was trained."""
        return self._checkpoint["fitted_on"]

    @property
    def trained_on(self) -> tuple[str, ...] | None:
        """Corpora that the model it started from was trained on; None if nobody knows."""
        start = self._settings.get("backbone") or self._settings.get("weights")
        return trained_on(start) if isinstance(start, str) else ()

    def describe(self) -> dict[str, Any]:
        """Returns its kind, the checkpoint's hash and its settings."""
        settings = {k: v for k, v in self._settings.items() if k != "pictures"}
        if self._dtype != DTYPES[0]:
            settings["dtype"] = self._dtype
        if self._device.type != "cpu":  # as described before there was a choice
            settings["device"] = self._device.type
        return {
            "encoder": self._checkpoint["classifier"],
            "revision": self._revision,
            "settings": settings,
        }

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns, in order, a vector or the reason why there is none."""
        step = self._class.read_together
        if step == 1:
            return each(self, items, self._vector)
        parts = [items[first : first + step] for first in range(0, len(items), step)]
        return [vector for part in parts for vector in self._encode(part)]

    def _vector(self, item: Item) -> np.ndarray:
        (vector,) = self._encode([item])
        if isinstance(vector, str):
            raise UnreadableError(vector)
        return vector

    def _encode(self, items: Sequence[Item]) -> list[Vector]:
        read = [self._reader.read(item) for item in items]
        there = [place for place, example in enumerate(read) if not isinstance(example, str)]
        vectors: list[Vector] = [r if isinstance(r, str) else "" for r in read]
        sizes = [len(read[place]) for place in there]
        for batch in by_length(sizes, AT_ONCE * max(sizes, default=1)):
            places = [there[index] for index in batch]
            given = self._reader.collate([read[place] for place in places])
            inputs = {name: values.to(self._device) for name, values in given.items()}
            with torch.inference_mode(), precision(self._dtype, self._device):
                made = self._model.network(**inputs).vectors.float().cpu().numpy()
            for place, vector in zip(places, made, strict=True):
                vectors[place] = vector
        return vectors

    def _check_settings(self) -> None:
        known = {own.name for own in fields(self._class.settings_class)}
        missing = sorted(known - {"_target_"} - set(self._settings))
        if missing:
            raise ErcbenchError(
                f"{self.path}: was trained by another version of ercbench, whose "
                f"{self._checkpoint['classifier']} had no {', '.join(missing)}. Train it again, or "
                "install the version that trained it."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name, "options": self.options}

    @cached_property
    def _checkpoint(self) -> dict[str, Any]:
        return open_checkpoint(self.path)

    @cached_property
    def _revision(self) -> str:
        return sha256_of_file(self.path)

    @property
    def _class(self) -> type[UtteranceEmbedder]:
        return _classes()[self._checkpoint["classifier"]]

    @property
    def _settings(self) -> dict[str, Any]:
        trained = self._checkpoint["hyper_parameters"]
        changed = {k: v for k, v in self.options.items() if k not in COMPUTING}
        own = {k: v for k, v in trained.items() if k != "spec"}
        return dict(self._class.added_later) | own | changed

    @property
    def _dtype(self) -> str:
        return self.options.get("dtype", DTYPES[0])

    @cached_property
    def _device(self) -> torch.device:
        return device_of(self.options.get("device", "auto"))

    @cached_property
    def _reader(self) -> Any:
        settings = self._class.settings_class.of(self._settings)
        return self._class.make_encoding_reader(settings, self.path.parent)

    @cached_property
    def _model(self) -> UtteranceEmbedder:
        model = self._class(self._checkpoint["hyper_parameters"]["spec"], **self._settings)
        take_weights(model, self.path, self._checkpoint)
        return model.eval().to(self._device)


def _classes() -> dict[str, type[UtteranceEmbedder]]:
    targets = [encoder.target for encoder in TRAINABLE_ENCODERS]
    return {target.split(".")[-1]: get_class(target) for target in targets}
