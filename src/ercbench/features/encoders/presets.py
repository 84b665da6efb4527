"""The encoders that a name alone calls up, and what can be changed of them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.acoustics import MelEncoder, ProsodyEncoder
from ercbench.features.encoders.audio import AudioSettings, Wav2Vec2Encoder
from ercbench.features.encoders.backbone import BackboneSettings
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.encoders.pretrained import MINILM
from ercbench.features.encoders.text import MINILM_SETTINGS, TextEncoder, TextSettings
from ercbench.features.encoders.visual import FrameEncoder, VisualSettings
from ercbench.files import expanded

Settings = TypeVar("Settings", bound=BackboneSettings)
NO_OPTIONS: Mapping[str, Any] = {}


def _text(settings: TextSettings, options: Mapping[str, Any], name: str = "") -> Encoder:
    settings, name = _changed(settings, options, name)
    return TextEncoder(settings, name)


def _audio(settings: AudioSettings, options: Mapping[str, Any], name: str = "") -> Encoder:
    settings, name = _changed(settings, options, name)
    return Wav2Vec2Encoder(settings, name)


def _visual(settings: VisualSettings, options: Mapping[str, Any], name: str = "") -> Encoder:
    settings, name = _changed(settings, options, name)
    return FrameEncoder(settings, name)


PRESETS: dict[str, dict[str, Callable[[Mapping[str, Any]], Encoder]]] = {
    "text": {
        MINILM: lambda options: _text(MINILM_SETTINGS, options),
        "roberta": lambda options: _text(TextSettings("roberta"), options),
        "roberta-large": lambda options: _text(TextSettings("roberta-large"), options),
    },
    "audio": {
        "wav2vec2": lambda options: _audio(AudioSettings("wav2vec2"), options),
        "wav2vec2-960h": lambda options: _audio(AudioSettings("wav2vec2-960h"), options),
        "mel": lambda options: replace(MelEncoder(), **_known(MelEncoder, options)),
        "prosody": lambda options: replace(ProsodyEncoder(), **_known(ProsodyEncoder, options)),
    },
    "visual": {
        "frames": lambda options: _visual(VisualSettings("resnet-18"), options, "frames"),
        "vit": lambda options: _visual(VisualSettings("vit"), options),
    },
}
"""By modality and name: what makes the encoder, given what to change of its settings."""

_FROM_FOLDER: dict[str, Callable[[str, Mapping[str, Any]], Encoder]] = {
    "text": lambda folder, options: _text(TextSettings(folder), options),
    "audio": lambda folder, options: _audio(AudioSettings(folder), options),
    "visual": lambda folder, options: _visual(VisualSettings(folder), options),
}


def make_encoder(modality: str, name: str, options: Mapping[str, Any] = NO_OPTIONS) -> Encoder:
    """Returns an encoder with its usual settings, or with some of them changed.

    Args:
        modality: `text`, `audio` or `visual`.
        name: A name in `PRESETS`, or the folder of a model.
        options: Settings to change, and `name` for what the features are called.

    Raises:
        ErcbenchError: There is no such modality, encoder or setting.
    """
    if modality not in PRESETS:
        raise ErcbenchError(
            f"No encoders for modality '{modality}'; there are: {', '.join(PRESETS)}. Take one of "
            "these."
        )
    if name in PRESETS[modality]:
        return PRESETS[modality][name](options)
    if not expanded(name).is_dir():
        raise ErcbenchError(
            f"{modality}={name}: neither an encoder ({', '.join(PRESETS[modality])}) nor a folder. "
            "Give one of these names, or the folder of a model."
        )
    return _FROM_FOLDER[modality](name, options)


def _changed(settings: Settings, options: Mapping[str, Any], name: str) -> tuple[Settings, str]:
    """Returns the settings with the options in them, and the name."""
    changes = dict(options)
    name = changes.pop("name", name)
    return replace(settings, **_known(type(settings), changes)), name


def _known(settings: type, options: Mapping[str, Any]) -> Mapping[str, Any]:
    valid = [field.name for field in fields(settings) if field.name not in ("model", "modality")]
    unknown = [name for name in options if name not in valid]
    if unknown:
        raise ErcbenchError(
            f"options: this encoder has no {', '.join(unknown)}; it has {', '.join(valid)}. Leave "
            "the others out."
        )
    return options
