"""A corpus to a feature store: what was said, and a set of features by each encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ercbench.config.stores import MODALITIES, PrepareSettings, given_files
from ercbench.console import say
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.names import names_of
from ercbench.corpora.reading import read_source
from ercbench.corpora.source import Root, Source
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Spoken
from ercbench.features.encoders.make import make_encoder
from ercbench.features.store.catalog import (
    add_given,
    announce,
    describe_features,
    folder_of,
    open_or_create,
    open_store,
)
from ercbench.features.store.division import ExtractionSettings
from ercbench.features.store.extraction import check_inputs, extract, is_extracted
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import find_parts
from ercbench.features.store.shards import merge_shards
from ercbench.files import check_name, expanded
from ercbench.launching.several import carry_out_all, own_words
from ercbench.settings import require

READING = ("root", "labels", "others", "zero", "clips", "columns")
"""Settings of what reads a corpus."""


def prepare_command(config: DictConfig) -> None:
    """Reads a corpus, or opens a store, and adds the features that the settings name.

    Args:
        config: As `PrepareSettings` describes it.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    settings: PrepareSettings = OmegaConf.to_object(config)  # type: ignore[assignment]
    both = (settings.shards is None) == (settings.launcher is None)
    require("shards", settings.shards, both, "to be set together with launcher; alone shard=1/8")
    stores = expanded(settings.stores)
    if settings.corpus is None:
        store, encoders = _existing(settings, stores), make_encoders(settings)
        _check_all(store.stored, encoders)
    else:
        source = read_source(settings.corpus, _root(settings), reading_options(settings))
        folder, encoders = folder_of(stores, settings.store, source.corpus), make_encoders(settings)
        store = make_store(source, folder, encoders, settings.most_missing)
        del source  # of a large corpus what was said takes much memory
    if settings.shards is not None:
        extract_in_shards(config, settings, store, encoders)
        return
    add_features(store, encoders, settings)
    if settings.share()[1] > 1:
        say(f"shard {settings.shard} is done; when all are: ercbench stores merge {store.folder}")


def prepare(
    corpus: Corpus,
    folder: Path,
    encoders: Sequence[Encoder],
    settings: ExtractionSettings,
    source: Source | None = None,
) -> FeatureStore:
    """Makes a store or goes on with one, and adds a set of features by each encoder.

    Args:
        corpus: What was said.
        folder: The store; a new one, or one of the same corpus.
        encoders: What makes the features; none makes a store of the transcripts alone.
        settings: How the work is divided, and how many rows may be missing.
        source: What the corpus came from, if features came with it.

    Returns:
        The store. With `shard` of several it holds parts until they are merged.

    Raises:
        ErcbenchError: The folder holds another corpus, or an encoder cannot work on this one.
    """
    store = make_store(source or Source(corpus), folder, encoders, settings.most_missing)
    add_features(store, encoders, settings)
    return store


def make_store(
    source: Source, folder: Path, encoders: Sequence[Encoder], most_missing: float
) -> FeatureStore:
    """Makes a store of a corpus, or opens it, once every encoder has been tried on the corpus.

    Raises:
        ErcbenchError: As in `prepare`.
    """
    _check_all(source.corpus, encoders)
    with open_or_create(source.corpus, folder) as opened:
        add_given(opened, source, most_missing)
    return FeatureStore(folder)


def add_features(
    store: FeatureStore, encoders: Sequence[Encoder], settings: ExtractionSettings
) -> None:
    """Adds a set of features by each encoder to a store, or of several a share.

    Raises:
        ErcbenchError: As in `extract`.
    """
    if settings.share()[1] == 1:
        announce(store)
    for encoder in encoders:
        features = extract(store, encoder, settings)
        if features is not None:
            say(describe_features(features))


def extract_in_shards(
    config: DictConfig,
    settings: ExtractionSettings,
    store: FeatureStore,
    encoders: Sequence[Encoder],
) -> None:
    """Lets a launcher's jobs encode a part of a store each, and merges the parts.

    Args:
        config: As `PrepareSettings` describes it.
        settings: Its settings of extraction.
        store: Read by the jobs, which need not read the corpus again.
        encoders: What makes the features.

    Raises:
        ErcbenchError: As in `prepare`, or the jobs did not finish the parts.
    """
    for encoder in encoders:
        is_extracted(store, encoder, settings.chunk)  # refuses what was made otherwise
    announce(store)
    words = [*own_words("corpus", "store", *READING), f"store={store.folder.name}"]
    parts = [f"{number}/{config.shards}" for number in range(1, config.shards + 1)]
    jobs = {
        f"{store.folder.name}-{part.replace('/', 'of')}": ["prepare", *words, f"shard={part}"]
        for part in parts
    }

    def done() -> bool:
        return all(is_extracted(store, encoder, settings.chunk) for encoder in encoders)

    carry_out_all(jobs, store.folder.parent / ".jobs", config.launcher, done)
    if find_parts(store.folder):
        for features in merge_shards(store, (), settings.most_missing):
            say(describe_features(features))


def reading_options(settings: PrepareSettings) -> dict[str, Any]:
    """Returns the settings of a corpus's reader that were given."""
    given = {
        "labels": settings.labels,
        "others": settings.others,
        "zero": settings.zero,
        "clips": _set(asdict(settings.clips)),
        "columns": _set(asdict(settings.columns)),
    }
    return {name: value for name, value in given.items() if value not in (None, {})}


def make_encoders(settings: PrepareSettings) -> list[Encoder]:
    """Returns the encoders that the settings name.

    Raises:
        ErcbenchError: There is no such encoder, or no such option.
    """
    encoders = []
    for modality in MODALITIES:
        options = _set(asdict(getattr(settings.options, modality)))
        if "name" in options:
            check_name(f"options.{modality}.name", options["name"])
        named = getattr(settings, modality)
        names = [] if named is None else names_of(modality, named)
        encoders += [_encoder(modality, name, options) for name in names]
    return encoders


def _encoder(modality: str, name: str, options: Mapping[str, Any]) -> Encoder:
    path = expanded(name)
    if path.suffix not in (".ckpt", ".json"):
        return make_encoder(modality, name, options)
    from ercbench.training.encoder_files import trained_encoder

    changes = {setting: value for setting, value in options.items() if setting != "name"}
    return trained_encoder(path, modality, options.get("name"), changes)


def _root(settings: PrepareSettings) -> Root:
    root = given_files("root", settings.root)
    if not root:
        raise ErcbenchError(
            f"root is not set. Set it to where {settings.corpus} lies: root=PATH; for csv, to the "
            "file."
        )
    return root


def _existing(settings: PrepareSettings, stores: Path) -> FeatureStore:
    if settings.store is None:
        raise ErcbenchError(
            "Neither corpus nor store is set. Set corpus=meld, iemocap, mosi or csv with "
            "root=PATH, or store=NAME to add features to a store that exists."
        )
    useless = [*reading_options(settings)]
    if given_files("root", settings.root):
        useless.insert(0, "root")
    if useless:
        raise ErcbenchError(
            f"{', '.join(useless)}: without corpus nothing is read. Set corpus too, or leave this "
            "out."
        )
    return open_store(stores, settings.store)


def _check_all(corpus: Spoken, encoders: Sequence[Encoder]) -> None:
    """Checks that every encoder can work on a corpus, before any of them does."""
    for encoder in encoders:
        check_inputs(corpus, encoder)


def _set(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
