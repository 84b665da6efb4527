"""Files that the field passes around to a feature store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from omegaconf import DictConfig, OmegaConf

from ercbench.config.stores import MODALITIES, ImportSettings, given_files
from ercbench.corpora.community.four_way import with_labels
from ercbench.corpora.community.read import CommunityFile, read_community, with_utterance_ids
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.source import Source
from ercbench.corpora.table.files import shared_name
from ercbench.errors import ErcbenchError
from ercbench.features.store.blocks import Block, Files, of_modality, paths_of, read_blocks
from ercbench.features.store.catalog import (
    add_given,
    announce,
    folder_of,
    open_or_create,
    open_store,
)
from ercbench.features.store.covering import (
    covered_corpus,
    covered_store,
    kept_rows,
    placed_rows,
)
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.importing import Placed, add_placed, place
from ercbench.files import check_name, expanded, safe_name

ARRAYS = (*MODALITIES, "features")
"""Settings that name files of arrays."""

Arrays = dict[str, tuple[str, list[Block]]]
"""By modality, what the set is called and what its files hold."""


def import_command(config: DictConfig) -> None:
    """Makes a store of a community file, or opens one, and adds the arrays that are named.

    Args:
        config: As `ImportSettings` describes it.

    Raises:
        ErcbenchError: A setting or an input is wrong; no half a store is left.
    """
    settings: ImportSettings = OmegaConf.to_object(config)  # type: ignore[assignment]
    _check(settings)
    add = _to_store if settings.community is None else _from_community
    announce(FeatureStore(add(settings, expanded(settings.stores), read_arrays(settings))))


def read_arrays(settings: ImportSettings) -> Arrays:
    """Returns what the files of arrays hold, by modality.

    Raises:
        ErcbenchError: A file cannot be read, or does not say what is of which modality.
    """
    ids = given_files("ids", settings.ids)
    arrays: Arrays = {}
    for setting, files in _array_files(settings).items():
        name = check_name("name", settings.name or shared_name(paths_of(files)))
        blocks = read_blocks(setting, files, ids)
        found = {m: of_modality(blocks, m) for m in MODALITIES if setting in (m, "features")}
        if setting == "features":
            found = {m: own for m, own in found.items() if own and own[0].modality}
        if not any(found.values()):
            raise _unnamed(setting, blocks)
        arrays |= {m: (name, own) for m, own in found.items() if m not in arrays}
    return arrays


def read_files(settings: ImportSettings, arrays: Arrays) -> Source:
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
    named = replace(found, corpus=_named(found, arrays))
    wanted = with_labels(named, settings.labels)
    return Source(wanted.corpus, wanted.features)


def _to_store(settings: ImportSettings, stores: Path, arrays: Arrays) -> Path:
    """Adds arrays to a store that exists, or to a new one of what they cover of it."""
    whole = open_store(stores, settings.store)
    placed = _placed(whole.corpus, arrays)
    kept = _kept(settings, whole.corpus, placed)
    if kept is None:
        _add(whole, placed, settings)
        return whole.folder
    corpus = covered_corpus(whole.corpus, kept, placed, settings.uncovered)
    folder = _covered_folder(settings, whole.folder, placed)
    with covered_store(whole, corpus, folder) as store:
        _add(store, [placed_rows(own, kept) for own in placed], settings)
    return folder


def _from_community(settings: ImportSettings, stores: Path, arrays: Arrays) -> Path:
    """Makes a store of a community file with arrays, or of what they cover of it."""
    source = read_files(settings, arrays)
    folder = folder_of(stores, settings.store, source.corpus)
    placed = _placed(source.corpus, arrays)
    kept = _kept(settings, source.corpus, placed)
    if kept is not None:
        corpus = covered_corpus(source.corpus, kept, placed, settings.uncovered)
        source = Source(corpus, {key: rows[kept] for key, rows in source.features.items()})
        folder = _covered_folder(settings, folder, placed)
        placed = [placed_rows(own, kept) for own in placed]
    with open_or_create(source.corpus, folder) as store:
        add_given(store, source, settings.most_missing)
        _add(store, placed, settings)
    return folder


def _placed(corpus: Corpus, arrays: Arrays) -> list[Placed]:
    return [place(corpus, modality, name, own) for modality, (name, own) in arrays.items()]


def _add(store: FeatureStore, placed: Sequence[Placed], settings: ImportSettings) -> None:
    for own in placed:
        add_placed(store, own, settings.fitted_on, settings.most_missing)


def _kept(settings: ImportSettings, corpus: Corpus, placed: Sequence[Placed]) -> np.ndarray | None:
    """Returns which utterances stay, [N] bool; None if all do."""
    if settings.uncovered == "missing":
        return None
    kept = kept_rows(corpus, placed, settings.uncovered)
    return None if kept.all() else kept


def _covered_folder(settings: ImportSettings, whole: Path, placed: Sequence[Placed]) -> Path:
    usual = safe_name(f"{whole.name}-{placed[0].name}")
    return whole.with_name(usual if settings.into is None else check_name("into", settings.into))


def _array_files(settings: ImportSettings) -> dict[str, Files]:
    given = {name: given_files(name, getattr(settings, name)) for name in ARRAYS}
    return {name: files for name, files in given.items() if files is not None}


def _check(settings: ImportSettings) -> None:
    """Checks settings against each other, before anything is read."""
    arrays = _array_files(settings)
    if settings.community is None and (settings.store is None or not arrays):
        raise ErcbenchError(
            "Nothing to import: set community=FILE for a new store, or store=NAME with "
            f"{'=FILE, '.join(MODALITIES)}=FILE for one that exists."
        )
    if settings.community is None and settings.labels is not None:
        raise ErcbenchError(
            f"labels={settings.labels}: store '{settings.store}' has its labels; expected labels "
            "only with community=FILE. Leave labels out, or set community too."
        )
    if settings.into is not None and settings.uncovered == "missing":
        raise ErcbenchError(
            f"into={settings.into}: names a store of what the arrays cover alone; expected "
            "uncovered=drop with it. Set that, or leave into out."
        )
    if settings.uncovered != "missing" and not arrays:
        raise ErcbenchError(
            f"uncovered={settings.uncovered}: without arrays nothing says which utterances are "
            f"covered. Set {'=FILE, '.join(MODALITIES)}=FILE, or leave uncovered out."
        )


def _unnamed(setting: str, blocks: Sequence[Block]) -> ErcbenchError:
    path, found = blocks[0].path, sorted({str(block.modality) for block in blocks} - {"None"})
    if setting == "features":
        return ErcbenchError(
            f"{path}: does not say which modality its vectors are of. Give it as that one, such "
            f"as audio={path}, or call its arrays {', '.join(MODALITIES)}."
        )
    return ErcbenchError(
        f"{setting}={path}: holds {', '.join(found)}, expected {setting}. Give it as features=, "
        "or another file."
    )


def _named(found: CommunityFile, arrays: Arrays) -> Corpus:
    if not found.ids_by_position or not arrays:
        return found.corpus
    _, blocks = next(iter(arrays.values()))
    ids = [id for block in blocks for id in block.keyed.ids]
    if {utterance.id for utterance in found.corpus.utterances()} & set(ids):
        return found.corpus
    return with_utterance_ids(found.corpus, ids)
