"""The encoder that made a feature set, for new conversations; no other will do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.backbone import options_of
from ercbench.features.encoders.encoder import Encoder
from ercbench.features.encoders.make import (
    FROM_FOLDER,
    make_encoder,
    named,
    remake_encoder,
    same_encoder,
)
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.files import expanded

EncoderGiven = Encoder | str | Path
"""An encoder, the folder of its model, or a checkpoint of `ercbench finetune`."""

# What a recipe says of vectors that no encoder here made, and why they cannot be had again.
NOT_MADE = {
    "imported": "the run's were imported from a file",
    "came with the corpus": "the run's came with its corpus",
    "simulation": "the run's are simulated",
}


def encoder_or_reason(recipe: FeatureRecipe, given: EncoderGiven | None = None) -> Encoder | str:
    """Returns the encoder that a recipe describes, or why there can be none.

    Args:
        recipe: How a feature set was made.
        given: The encoder or where it lies; None finds it by its name.

    Raises:
        ErcbenchError: It is not at hand, or another one was given.
    """
    if given is None and recipe.encoder in NOT_MADE:
        return f"{recipe.key} cannot be made anew, for {NOT_MADE[recipe.encoder]}"
    return encoder_of(recipe, given)


def encoder_of(recipe: FeatureRecipe, given: EncoderGiven | None = None) -> Encoder:
    """Returns the encoder that a recipe describes: the one given, if it does, or one by name.

    Raises:
        ErcbenchError: The one given is another, or there is none by name.
    """
    described = {
        "encoder": recipe.encoder,
        "revision": recipe.revision,
        "settings": recipe.settings,
    }
    if isinstance(given, (str, Path)):
        given = _from_path(recipe, str(given))
    if given is not None and not same_encoder(given.describe(), described):
        raise ErcbenchError(
            f"{recipe.key}: was made by {_said(described)}; the encoder given is "
            f"{_said(given.describe())}{_otherwise(given.describe(), described)}. Give the one "
            "that made it."
        )
    encoder = given or remake_encoder(recipe.modality, recipe.name, described)
    if encoder is None:
        raise ErcbenchError(
            f"{recipe.key}: was made by {_said(described)}, which is not on this machine or cannot "
            f"be called up by name. Say where it lies, {recipe.modality}=FOLDER of the model or "
            f"{recipe.modality}=best.ckpt of ercbench finetune; in Python also as an encoder, "
            f"encoders={{'{recipe.modality}': …}}"
        )
    return encoder


def _from_path(recipe: FeatureRecipe, where: str) -> Encoder:
    """Returns the encoder of a model's folder or a checkpoint, with the settings of the recipe."""
    path, modality = expanded(where), recipe.modality
    if path.suffix not in (".ckpt", ".json"):
        entries, folders = named(modality), FROM_FOLDER.get(modality)
        own = (
            entries[where].options
            if where in entries
            else options_of(folders[1])
            if folders
            else ()
        )
        known = set(own) - {"device"}
        options = {name: value for name, value in recipe.settings.items() if name in known}
        return make_encoder(modality, where, options | {"name": recipe.name})
    from ercbench.training.encoder_files import trained_encoder

    trained = trained_encoder(path, modality, recipe.name)
    usual = trained.describe()["settings"]
    changed = {k: v for k, v in recipe.settings.items() if k in usual and usual[k] != v}
    return trained_encoder(path, modality, recipe.name, changed) if changed else trained


def _otherwise(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Returns which settings differ, for encoders of the same model."""
    if _said(one) != _said(other):
        return ""
    ours, theirs = one.get("settings") or {}, other.get("settings") or {}
    names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    return ", with another " + ", ".join(names)


def _said(description: Mapping[str, Any]) -> str:
    revision = description.get("revision")
    return f"{description['encoder']}" + (f" at {revision}" if revision else "")
