"""New conversations encoded as a run's own features were made."""

from collections.abc import Mapping, Sequence

import numpy as np

from ercbench.corpora.conversation import Conversation
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item
from ercbench.features.encoders.make import remake_encoder
from ercbench.features.store.recipe import FeatureRecipe

Features = Mapping[str, np.ndarray]
"""Modality to [L, D], a row per utterance; NaN where a row is missing."""


def encode(
    conversation: Conversation,
    recipes: Sequence[FeatureRecipe],
    encoders: Mapping[str, Encoder],
) -> dict[str, np.ndarray]:
    """Encodes a conversation.

    Args:
        conversation: Of L utterances.
        recipes: How each modality's features are made.
        encoders: Modality to its encoder, for those that cannot be made again by name.

    Raises:
        ErcbenchError: An encoder is not at hand, or another one is.
    """
    return {
        recipe.modality: _vectors(conversation, encoder_of(recipe, encoders.get(recipe.modality)))
        for recipe in recipes
    }


def encoder_of(recipe: FeatureRecipe, given: Encoder | None = None) -> Encoder:
    """Returns the encoder that a recipe describes: the one given, if it does, or one by name.

    Raises:
        ErcbenchError: The one given is another, or there is none by name.
    """
    described = {
        "encoder": recipe.encoder,
        "revision": recipe.revision,
        "settings": recipe.settings,
    }
    if given is not None and given.describe() != described:
        raise ErcbenchError(
            f"{recipe.key}: was made by {_said(described)}; the encoder given is "
            f"{_said(given.describe())}. Give the one that made it."
        )
    encoder = given or remake_encoder(recipe.modality, recipe.name, described)
    if encoder is None:
        raise ErcbenchError(
            f"{recipe.key}: was made by {_said(described)}, which cannot be called up by name. "
            f"Give encoders={{'{recipe.modality}': …}}, or the vectors themselves as features=…"
        )
    return encoder


def _vectors(conversation: Conversation, encoder: Encoder) -> np.ndarray:
    """Returns [L, D] vectors; NaN where an utterance lacks what the encoder reads."""
    items = [Item(conversation, turn) for turn in range(len(conversation))]
    missing = np.full(encoder.width, np.nan, np.float32)
    made = encoder.encode(items)
    return np.stack([missing if isinstance(vector, str) else vector for vector in made])


def _said(description: Mapping[str, object]) -> str:
    revision = description.get("revision")
    return f"{description['encoder']}" + (f" at {revision}" if revision else "")
