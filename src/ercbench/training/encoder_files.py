"""Encoders that were trained here, by their file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.encoders.make import NO_OPTIONS
from ercbench.training.cross_fitted_encoder import CrossFittedEncoder
from ercbench.training.trained_encoder import TrainedEncoder


def trained_encoder(
    path: Path, modality: str, name: str | None, options: Mapping[str, Any] = NO_OPTIONS
) -> Encoder:
    """Returns the encoder of `best.ckpt`, or the cross-fitted ones of `crossfit.json`.

    Args:
        path: Of the file.
        modality: What it is to read.
        name: What the features are called; None for the name of the run.
        options: Settings to change of those that say how utterances are encoded.

    Raises:
        ErcbenchError: The file is absent or damaged, its encoder reads another modality, or an
            option is no such setting.
    """
    if not path.is_file():
        raise ErcbenchError(
            f"{modality}={path}: no such file. Give checkpoints/best.ckpt or crossfit.json of a "
            "run of ercbench finetune."
        )
    kind = CrossFittedEncoder if path.suffix == ".json" else TrainedEncoder
    encoder: Encoder = kind(path, name or _usual_name(path), options)
    if encoder.modality != modality:
        raise ErcbenchError(
            f"{modality}={path}: this encoder reads {encoder.modality}. Set {encoder.modality}= "
            "instead."
        )
    return encoder


def _usual_name(path: Path) -> str:
    """Names features after their run: `HCAMText-seed0`, with `-crossfit` if they are."""
    run = path.parent if path.suffix == ".json" else path.parent.parent
    _, *model, _ = run.name.split("-") if run.name.count("-") >= 2 else ("", run.name, "")
    return "-".join(model) + ("-crossfit" if path.suffix == ".json" else "")
