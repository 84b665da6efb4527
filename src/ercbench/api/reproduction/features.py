"""The feature sets that a paper's row sees here: what its store has, and what saw no labels."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig

from ercbench.data.leakage import find_leaks
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import expanded

# Those whose feature set the settings can name.
MODALITIES = ("text", "audio", "visual")


def choose_features(
    row: Any, config: DictConfig, splits: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Returns the feature sets of a row's modalities, as far as its store has any.

    Returns:
        The sets to use, and those that saw labels of validation or test on one of the splits:
        they are not taken unless the settings name them.

    Raises:
        ErcbenchError: There is no store, or none or several sets of a modality it needs.
    """
    folder = expanded(config.stores) / row.store
    if not folder.is_dir():
        raise ErcbenchError(f"no store '{folder}': make it with ercbench prepare, see docs/data.md")
    store = FeatureStore(folder)
    leaking = leaking_keys(store, splits, config)
    keys = [key for key in store.keys() if key not in leaking]
    chosen = [choose(modality, keys, config) for modality in row.modalities]
    if chosen[0] is None:
        raise ErcbenchError(
            f"'{folder}' has no {row.modalities[0]} features: ercbench prepare store={row.store} "
            f"{row.modalities[0]}=…"
        )
    wanted = [key for key in leaking if key.split(":")[0] in row.modalities]
    return [key for key in chosen if key], wanted


def leaking_keys(store: FeatureStore, splits: Sequence[str], config: DictConfig) -> list[str]:
    """Returns the sets of a store that saw labels of validation or test and are not named."""
    known = [store.corpus.splits[split] for split in splits if split in store.corpus.splits]
    sets = [store.header(key) for key in store.keys()]
    leaking = {leak.features for split in known for leak in find_leaks(split, sets)}
    named = {f"{modality}:{config[modality]}" for modality in MODALITIES}
    return sorted(leaking - named)


def choose(modality: str, keys: Sequence[str], config: DictConfig) -> str | None:
    """Returns the set of a modality that the settings name, or the only one, or None.

    Raises:
        ErcbenchError: There is no such set, or the settings do not say which of several.
    """
    found = [key.split(":")[1] for key in keys if key.split(":")[0] == modality]
    named = config[modality]
    if named in found or (named is None and len(found) == 1):
        return f"{modality}:{named or found[0]}"
    if named is None and not found:
        return None
    raise ErcbenchError(
        f"{modality}={named or 'null'}: this store has {', '.join(found) or 'none'}. Name one of "
        f"them as {modality}=NAME."
    )
