"""What several machines extracted, put together."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ercbench.errors import ErcbenchError
from ercbench.features.store.extraction import begin, existing_set, finish
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import find_parts
from ercbench.features.store.parts import ExtractionParts
from ercbench.files import replacing


def merge_shards(
    store: FeatureStore, others: Sequence[Path], most_missing: float
) -> list[FeatureSet]:
    """Puts together what several machines extracted, as if one had.

    Args:
        store: Gets the features; it may hold parts itself.
        others: Stores of the same corpus, on which other shards were extracted.
        most_missing: Above this share of rows without a vector a set is refused.

    Returns:
        The feature sets that became complete: all that were begun.

    Raises:
        ErcbenchError: There is nothing to merge, a store has another manifest, or parts are
            missing, or too many rows.
    """
    for other in others:
        _copy_parts(store, FeatureStore(other))
    folders = find_parts(store.folder)
    if not folders:
        raise ErcbenchError(
            f"{store.folder}: nothing to merge; neither it nor the other stores hold unfinished "
            "features. Extract with shard=1/2 and so on first."
        )
    found = map(ExtractionParts.of, folders)
    return [_merged_before(store, parts) or finish(store, parts, most_missing) for parts in found]


def _copy_parts(store: FeatureStore, other: FeatureStore) -> None:
    if other.manifest_sha256 != store.manifest_sha256:
        raise ErcbenchError(
            f"{other.folder}: its manifest is another than that of {store.folder} (other "
            "utterances, or other paths of recordings). Prepare both from the same root and "
            "extract again."
        )
    for folder in find_parts(other.folder):
        theirs = ExtractionParts.of(folder)
        ours = ExtractionParts(store.folder / folder.name, theirs.plan)
        begin(store, ours)
        for chunk in theirs.finished() - ours.finished():
            with replacing(ours.path(chunk)) as temporary:
                shutil.copyfile(theirs.path(chunk), temporary)


def _merged_before(store: FeatureStore, parts: ExtractionParts) -> FeatureSet | None:
    """Returns the set that an earlier merge made of these parts, and removes them; else None."""
    plan = parts.plan
    if plan.key not in store.keys():
        return None
    features = existing_set(store, plan)
    for chunk in parts.finished():
        rows = plan.rows_of(chunk)
        if not np.array_equal(parts.values(chunk), features.rows(rows.start, rows.stop)):
            return None
    shutil.rmtree(parts.folder, ignore_errors=True)
    return features
