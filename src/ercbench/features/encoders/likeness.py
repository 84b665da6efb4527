"""Whether feature sets of two stores were made in the same way."""

from collections.abc import Sequence

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.make import named
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.recipe import FeatureRecipe


def alike_sets(recipes: Sequence[FeatureRecipe], store: FeatureStore) -> list[str]:
    """Returns the keys of a store's feature sets that were made by these recipes, in their order.

    Raises:
        ErcbenchError: There is none of one recipe; the message has the command that makes it.
    """
    found = [FeatureRecipe.of(store.header(key)) for key in store.keys()]
    return [_alike(recipe, found, store) for recipe in recipes]


def alike(one: FeatureRecipe, other: FeatureRecipe) -> bool:
    """Whether two sets of a modality have the same values, or are by the same known encoder.

    The device changes rounding alone. What was imported, or came with a corpus, is of no known
    encoder.
    """
    if one.modality != other.modality:
        return False
    known = one.revision is not None or bool(one.settings)
    return one.values_sha256 == other.values_sha256 or (known and _told(one) == _told(other))


def _alike(recipe: FeatureRecipe, found: Sequence[FeatureRecipe], store: FeatureStore) -> str:
    for own in found:
        if alike(recipe, own):
            return own.key
    there = ", ".join(f"{own.key} by {own.encoder}" for own in found) or "none"
    raise ErcbenchError(
        f"{store.folder}: no features like the run's {recipe.key}, by {recipe.encoder}"
        f"{f' at {recipe.revision}' if recipe.revision else ''}; found {there}. "
        f"{_command(recipe, store)}"
    )


def _told(recipe: FeatureRecipe) -> tuple[object, ...]:
    settings = {name: own for name, own in recipe.settings.items() if name not in _UNDECIDING}
    return recipe.encoder, recipe.revision, settings


# Settings that change rounding alone.
_UNDECIDING = ("device", "batch_tokens")


def _command(recipe: FeatureRecipe, store: FeatureStore) -> str:
    """Returns the next step."""
    known = [own for own in named(recipe.modality).values() if own.encoder == recipe.encoder]
    name, modality = store.folder.name, recipe.modality
    if not known:
        return (
            f"Make them with the encoder that made the run's: ercbench prepare store={name} "
            f"{modality}=FOLDER, or import them: ercbench import store={name} {modality}=FILE"
        )
    usual = known[0].make({}).describe().get("settings") or {}
    options = [
        f"options.{modality}.{key}={str(own).lower() if isinstance(own, bool) else own}"
        for key, own in recipe.settings.items()
        if key in known[0].options and key not in _UNDECIDING and usual.get(key) != own
    ]
    return "Make them: " + " ".join(
        ["ercbench prepare", f"store={name}", f"{modality}={known[0].name}", *options]
    )
