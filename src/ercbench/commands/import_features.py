"""Files that the field passes around to a feature store."""

from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ercbench.config.stores import MODALITIES, ImportSettings
from ercbench.corpora.community.four_way import with_labels
from ercbench.corpora.community.read import CommunityFile, read_community, with_utterance_ids
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import (
    add_given,
    announce,
    folder_of,
    open_or_create,
    open_store,
)
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.importing import import_features
from ercbench.features.store.keyed import read_keyed
from ercbench.files import check_name, expanded


def import_command(config: DictConfig) -> None:
    """Makes a store of a community file, or opens one, and adds the arrays that are named.

    Args:
        config: As `ImportSettings` describes it.

    Raises:
        ErcbenchError: A setting or an input is wrong; no half a store is left.
    """
    settings: ImportSettings = OmegaConf.to_object(config)  # type: ignore[assignment]
    stores, arrays = expanded(settings.stores), array_files(settings)
    if settings.community is None:
        store = _existing(settings, stores)
        add_arrays(store, settings, arrays)
    else:
        source = read_files(settings, arrays)
        folder = folder_of(stores, settings.store, source.corpus)
        with open_or_create(source.corpus, folder) as store:
            add_given(store, source)
            add_arrays(store, settings, arrays)
        store = FeatureStore(folder)
    announce(store)


def array_files(settings: ImportSettings) -> dict[str, Path]:
    """Returns the files of arrays by modality."""
    given = {modality: getattr(settings, modality) for modality in MODALITIES}
    return {modality: expanded(path) for modality, path in given.items() if path}


def read_files(settings: ImportSettings, arrays: dict[str, Path]) -> Source:
    """Reads the community file, its utterances called by the ids of the arrays if it names none.

    Ids are matched by position, so the utterances get them before any leaves.

    Raises:
        ErcbenchError: It cannot be read, holds another corpus or other labels, or the ids do not
            fit.
    """
    found = read_community(expanded(str(settings.community)))
    if settings.corpus not in (None, found.corpus.name):
        raise ErcbenchError(
            f"corpus={settings.corpus}: but {settings.community} was recognised as "
            f"{found.recognised}. Set corpus={found.corpus.name}, or give another file."
        )
    named = replace(found, corpus=_named(found, settings, arrays))
    wanted = with_labels(named, settings.labels)
    return Source(wanted.corpus, wanted.features)


def add_arrays(store: FeatureStore, settings: ImportSettings, arrays: dict[str, Path]) -> None:
    """Adds the arrays of each file to a store, matched by utterance id.

    Raises:
        ErcbenchError: As in `import_features`, or a name cannot be one.
    """
    for modality, path in arrays.items():
        name = check_name("name", settings.name or path.stem)
        import_features(store, modality, name, path, settings.fitted_on, _ids(settings))


def _named(found: CommunityFile, settings: ImportSettings, arrays: dict[str, Path]) -> Corpus:
    if not found.ids_by_position or not arrays:
        return found.corpus
    keyed = read_keyed(next(iter(arrays.values())), _ids(settings))
    if {utterance.id for utterance in found.corpus.utterances()} & set(keyed.ids):
        return found.corpus
    return with_utterance_ids(found.corpus, keyed.ids)


def _existing(settings: ImportSettings, stores: Path) -> FeatureStore:
    if settings.store is None or not array_files(settings):
        raise ErcbenchError(
            "Nothing to import: set community=FILE for a new store, or store=NAME with "
            f"{'=FILE, '.join(MODALITIES)}=FILE for one that exists."
        )
    if settings.labels is not None:
        raise ErcbenchError(
            f"labels={settings.labels}: store '{settings.store}' has its labels; expected labels "
            "only with community=FILE. Leave labels out, or set community too."
        )
    return open_store(stores, settings.store)


def _ids(settings: ImportSettings) -> Path | None:
    return expanded(settings.ids) if settings.ids else None
