"""An encoder by its name, by the folder of its model, or from the recipe of a feature set."""

from collections.abc import Callable, Mapping
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.audio import AudioSettings, Wav2Vec2Encoder
from ercbench.features.encoders.backbone import builder, options_of
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.encoders.registry import ENCODERS, FrozenEncoder, check_options
from ercbench.features.encoders.text import TextEncoder, TextSettings
from ercbench.features.encoders.visual import FrameEncoder, VisualSettings
from ercbench.files import expanded

NO_OPTIONS: Mapping[str, Any] = {}

# By modality: what encodes with a model of transformers that lies in a folder, and its settings.
FROM_FOLDER: dict[str, tuple[Callable[..., Encoder], type]] = {
    "text": (TextEncoder, TextSettings),
    "audio": (Wav2Vec2Encoder, AudioSettings),
    "visual": (FrameEncoder, VisualSettings),
}


def named(modality: str) -> dict[str, FrozenEncoder]:
    """Returns the encoders of a modality by name."""
    return {entry.name: entry for entry in ENCODERS if entry.modality == modality}


def make_encoder(modality: str, name: str, options: Mapping[str, Any] = NO_OPTIONS) -> Encoder:
    """Returns an encoder with its usual settings, or with some of them changed.

    Args:
        modality: `text`, `audio` or `visual`.
        name: A registered name, or the folder of a model.
        options: Settings to change, and `name` for what the features are called.

    Raises:
        ErcbenchError: There is no such modality, encoder or setting.
    """
    entries = named(modality)
    if not entries:
        there = ", ".join(sorted({entry.modality for entry in ENCODERS}))
        raise ErcbenchError(
            f"No encoders for modality '{modality}'; there are: {there}. Take one of these."
        )
    if name in entries:
        return entries[name].make(options)
    if modality not in FROM_FOLDER or not expanded(name).is_dir():
        raise ErcbenchError(
            f"{modality}={name}: neither an encoder ({', '.join(entries)}) nor a folder. Give one "
            "of these names, or the folder of a model."
        )
    kind, settings = FROM_FOLDER[modality]
    check_options(options, options_of(settings))
    return builder(kind, settings(name))(**options)


def remake_encoder(modality: str, name: str, description: Mapping[str, Any]) -> Encoder | None:
    """Returns the registered encoder that made a feature set, with the settings it had.

    Args:
        modality: What it reads.
        name: What the set is called.
        description: What the encoder's `describe()` returned when the set was made.

    Returns:
        The encoder, whose `describe()` says the same again; None if none does.
    """
    settings = description.get("settings") or {}
    for entry in named(modality).values():
        if entry.encoder != description["encoder"]:
            continue
        options = {k: v for k, v in settings.items() if k in entry.options and k != "device"}
        try:
            encoder = entry.make(options | {"name": name})
            if same_encoder(encoder.describe(), description):
                return encoder
        except ErcbenchError:
            continue  # its model is not on this machine
    return None


def same_encoder(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two descriptions differ at most in the device, which changes rounding only."""

    def told(description: Mapping[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
        settings = {k: v for k, v in (description.get("settings") or {}).items() if k != "device"}
        return description["encoder"], description.get("revision"), settings

    return told(one) == told(other)
