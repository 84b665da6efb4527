"""Short names for groups of runs, from what tells them apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ercbench.models.registry import title_of
from ercbench.records.reading import AnySetup

# Settings that say what is shown while training, what else is asked, or what stands elsewhere.
NOT_IN_NAMES = (
    *("seed", "features", "protocol.as_released", "protocol.released_epochs", "protocol.test"),
    *("trainer.enable_progress_bar", "trainer.enable_model_summary"),
)


@dataclass(frozen=True)
class Name:
    """The name of a group, without its output.

    Attributes:
        model: How the model is called.
        details: What tells it from other groups of this model.
    """

    model: str
    details: tuple[str, ...] = ()

    def of(self, output: str) -> str:
        """Returns the name of one output: `HCAM: ensemble, hidden=64`."""
        model = self.model if output == "final" else f"{self.model}: {output}"
        return ", ".join([model, *self.details])


def settings_of(setup: AnySetup) -> dict[str, str]:
    """Returns everything but seed and code that tells runs apart, flat: `model.hidden` to `64`."""
    recipes = sorted(setup.features, key=lambda recipe: recipe.key)
    return flat_settings(setup.settings) | {
        "modalities": "+".join(recipe.modality for recipe in setup.features),
        "features": "+".join(setup.feature_keys),
        "contents of features": "+".join(recipe.values_sha256[:6] for recipe in recipes),
    }


def flat_settings(settings: Mapping[str, Any], parent: str = "") -> dict[str, str]:
    """Returns a run's settings but those of `NOT_IN_NAMES`, flat: `model.hidden` to `64`."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        key = f"{parent}{name}"
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{key}.")
        elif key not in NOT_IN_NAMES:
            flat[key] = str(value)
    return flat


def differences(setup: AnySetup, setups: Sequence[AnySetup]) -> dict[str, str]:
    """Returns the settings in which a run differs from any other of its model, code last."""
    rivals = [_all_settings(other) for other in setups if other.model == setup.model]
    keys = {key: None for settings in rivals for key in settings}  # a set that keeps its order
    own = _all_settings(setup)
    return {
        key: own.get(key, "none") for key in keys if len({other.get(key) for other in rivals}) > 1
    }


def names(setups: Sequence[AnySetup]) -> list[Name]:
    """Returns a name for each group: as few of its differences as tell it from the others."""
    details = [differences(setup, setups) for setup in setups]
    chosen = {setup.model: _telling(setup.model, setups, details) for setup in setups}
    named = []
    for setup, own in zip(setups, details, strict=True):
        told = tuple(_short(key, own[key]) for key in chosen[setup.model])
        named.append(Name(title_of(setup.model), told))
    return named


def _all_settings(setup: AnySetup) -> dict[str, str]:
    return settings_of(setup) | {"code": setup.code[:6]}


def _telling(
    model: str, setups: Sequence[AnySetup], details: Sequence[dict[str, str]]
) -> list[str]:
    """Chooses settings until no two groups of a model have the same values, greedily.

    Other features are always named; another version of the code only where nothing else tells
    two groups apart.
    """
    own = [d for setup, d in zip(setups, details, strict=True) if setup.model == model]
    order = sorted((key for key in own[0] if key != "code"), key=_preference)
    chosen = [key for key in order if key in ("modalities", "features")][:1]

    def distinct(keys: Sequence[str]) -> int:
        return len({tuple(group[key] for key in keys) for group in own})

    while distinct(chosen) < distinct(order):
        chosen.append(max(order, key=lambda key: distinct([*chosen, key])))
    if "features" in chosen:  # which say the modalities
        chosen = [key for key in chosen if key != "modalities"]
    return chosen if distinct(chosen) == len(own) else [*chosen, "code"]


def _preference(key: str) -> int:
    """Orders equally telling settings: what was seen, the model's own, the rest."""
    ranked = ("modalities", "features", "contents of features")
    if key in ranked:
        return ranked.index(key)
    return 3 if key.startswith("model.") else 4


def _short(key: str, value: str) -> str:
    if key in ("modalities", "features"):
        return value
    return f"{key.split('.')[-1]}={value}"
