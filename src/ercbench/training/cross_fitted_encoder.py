"""Encoders of several folds, each for the conversations it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.features.encoders.encoder import Item, Vector
from ercbench.files import sha256_of_file
from ercbench.training.alignment import read_rotations, rotations_of
from ercbench.training.crossfit import BEST, Fold, read_folds
from ercbench.training.trained_encoder import TrainedEncoder


@dataclass(frozen=True)
class CrossFittedEncoder:
    """Encodes a training conversation with the encoder that has not seen its labels.

    Args:
        path: `crossfit.json`, as `ercbench finetune folds=5` writes it.
        name: What the feature set is called.
        options: As a `TrainedEncoder` takes them.

    Raises:
        ErcbenchError: As `read_folds` and `TrainedEncoder` do.
    """

    path: Path
    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        read_rotations(self.path, len(read_folds(self.path)))  # before any encoder is loaded

    @property
    def modality(self) -> str:
        """What it reads."""
        return self._whole.modality

    @property
    def inputs(self) -> tuple[str, ...]:
        """What of an utterance it reads."""
        return self._whole.inputs

    @property
    def width(self) -> int:
        """Length of a vector."""
        return self._whole.width

    @property
    def fitted_on(self) -> list[str] | None:
        """The training conversations: every other one is encoded with all their labels known."""
        return self._whole.fitted_on

    @property
    def trained_on(self) -> tuple[str, ...] | None:
        """Corpora that the model they started from was trained on; None if nobody knows."""
        return self._whole.trained_on

    def describe(self) -> dict[str, Any]:
        """Returns the whole encoder's description and the hashes of all."""
        made = self._whole.describe()
        crossed: dict[str, Any] = {
            "cross_fitted": [sha256_of_file(fold.checkpoint) for fold in self._folds]
        }
        if self._turns is not None:
            crossed["aligned"] = sha256_of_file(rotations_of(self.path))
        return made | {"settings": made["settings"] | crossed}

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns, in order, a vector or the reason why there is none."""
        vectors: list[Vector] = [""] * len(items)
        encoders = [self._of(item.conversation.id) for item in items]
        for encoder in dict.fromkeys(encoders):
            places = [place for place, own in enumerate(encoders) if own is encoder]
            made = encoder.encode([items[place] for place in places])
            for place, vector in zip(places, made, strict=True):
                vectors[place] = vector if isinstance(vector, str) else self._turn(encoder, vector)
        return vectors

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "name": self.name, "options": self.options}

    def _turn(self, encoder: TrainedEncoder, vector: np.ndarray) -> np.ndarray:
        """Returns a vector in the whole encoder's space."""
        if encoder is self._whole or self._turns is None:
            return vector
        turn = next(t for e, t in zip(self._parts, self._turns, strict=True) if e is encoder)
        return vector @ turn

    def _of(self, conversation: str) -> TrainedEncoder:
        for fold, encoder in zip(self._folds, self._parts, strict=True):
            if conversation in fold.held_out:
                return encoder
        return self._whole

    @cached_property
    def _folds(self) -> list[Fold]:
        return read_folds(self.path)

    @cached_property
    def _turns(self) -> list[np.ndarray] | None:
        return read_rotations(self.path, len(self._folds))

    @cached_property
    def _whole(self) -> TrainedEncoder:
        return TrainedEncoder(self.path.parent / BEST, self.name, self.options)

    @cached_property
    def _parts(self) -> list[TrainedEncoder]:
        return [TrainedEncoder(fold.checkpoint, self.name, self.options) for fold in self._folds]
