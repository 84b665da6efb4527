"""Anybody's features into a store: arrays whose rows are keyed by utterance id."""

import warnings
from pathlib import Path

import numpy as np

from ercbench.corpora.names import composed
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.keyed import KeyedArray, read_keyed
from ercbench.files import sha256_of_file


def import_features(
    store: FeatureStore,
    modality: str,
    name: str,
    path: Path,
    fitted_on: list[str] | None = None,
    ids: Path | None = None,
) -> FeatureSet:
    """Adds the features in a file to a store, matched by utterance id.

    Utterances without a row, or whose row holds NaN or infinity, become missing. Warnings count
    and name the ids that match nothing on either side.

    Args:
        store: Where they go.
        modality: Such as `audio`.
        name: Distinguishes the sets of one modality.
        path: See `read_keyed`.
        fitted_on: Conversations whose labels the encoder saw; None: nobody knows.
        ids: See `read_keyed`.

    Raises:
        ErcbenchError: The file cannot be read, no id matches, or more than 20 % of the
            utterances would be missing.
    """
    keyed = read_keyed(path, ids)
    manifest_ids = [composed(utterance.id) for utterance in store.corpus.utterances()]
    row_of = {id: row for row, id in enumerate(keyed.ids)}
    present = np.array([id in row_of for id in manifest_ids])
    _report(path, keyed, manifest_ids)
    values = np.zeros((len(manifest_ids), keyed.values.shape[1]), dtype=np.float32)
    values[present] = keyed.values[[row_of[id] for id in manifest_ids if id in row_of]]
    return store.add(
        modality,
        name,
        values,
        encoder="imported",
        fitted_on=fitted_on,
        present=present,
        source=path.name,
        sha256=sha256_of_file(path),
    )


def _report(path: Path, keyed: KeyedArray, manifest_ids: list[str]) -> None:
    """Warns of ids that match nothing; refuses a file of which nothing matches."""
    unmatched = sorted(set(keyed.ids) - set(manifest_ids))
    missing = sorted(set(manifest_ids) - set(keyed.ids))
    if len(missing) == len(manifest_ids):
        raise ErcbenchError(
            f"{path}: none of its {len(keyed.ids)} ids ({', '.join(keyed.ids[:3])} ...) is in the "
            f"manifest ({', '.join(manifest_ids[:3])} ...). Key the rows by the manifest's ids."
        )
    for ids, what in ((unmatched, "rows match no utterance"), (missing, "utterances have no row")):
        if ids:
            rest = " ..." if len(ids) > 5 else ""
            warnings.warn(f"{path}: {len(ids)} {what}: {', '.join(ids[:5])}{rest}", stacklevel=3)
