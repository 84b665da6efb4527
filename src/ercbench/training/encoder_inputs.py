"""What an encoder is trained on: a prepared corpus, or a folder of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from ercbench.config.compose import dataset_settings
from ercbench.config.datasets import DATASETS
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.registry import CORPORA, usual_split
from ercbench.data.utterances import UtteranceDataModule
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import open_store
from ercbench.files import expanded
from ercbench.models.base.embedder import UtteranceEmbedder


def make_datamodule(config: DictConfig, held_out: Sequence[str]) -> UtteranceDataModule:
    """Returns what the encoder is trained on, as it reads it."""
    settings: Any = OmegaConf.to_object(config.encoder)
    kind: Any = get_class(settings._target_)
    corpus, split, cache = material(config, kind, settings)
    return UtteranceDataModule(
        corpus,
        split,
        kind.make_reader(settings, corpus, cache),
        settings.batch_size,
        getattr(settings, "members", None),
        getattr(settings, "whole_dialogue", False),
        getattr(settings, "augment", False),
        config.seed,
        held_out,
        conversations=not kind.reads_folder,
    )


def material(
    config: DictConfig, kind: type[UtteranceEmbedder], settings: Any
) -> tuple[Corpus, str, Path]:
    """Returns a corpus, the name of its split, and a folder for what a reader prepares.

    Raises:
        ErcbenchError: The encoder needs a folder and a corpus is named, or the other way round;
            there is no such store; or its corpus has several splits, none of which is its usual.
    """
    check_material(config, kind)
    if kind.reads_folder:
        corpus = kind.read_folder(settings, expanded(config.source), config.seed)
        return corpus, next(iter(corpus.splits)), expanded(config.runs)
    holding = None if config.corpus in (None, "csv") else CORPORA[config.corpus].name
    store = open_store(expanded(config.stores), config.store or store_of(config.corpus), holding)
    return store.corpus, config.split or only_split(store.corpus), store.folder


def check_material(config: DictConfig, kind: type[UtteranceEmbedder]) -> None:
    """Checks that what the encoder is trained on is named, and nothing else.

    Raises:
        ErcbenchError: It is not.
    """
    names = ("corpus", "store", "split") if kind.reads_folder else ("source",)
    useless = [f"{name}={config[name]}" for name in names if config[name] is not None]
    if kind.reads_folder and config.folds > 1:
        useless.append(f"folds={config.folds}")
    wanted = "source=FOLDER" if kind.reads_folder else "corpus or store"
    if useless:
        raise ErcbenchError(
            f"{', '.join(useless)}: mean nothing to {kind.__name__}, whose material is named by "
            f"{wanted}. Leave them out."
        )
    if kind.reads_folder and config.source is None:
        raise ErcbenchError(
            "source is not set. Set source=FOLDER, which holds a folder of pictures for each "
            "person."
        )


def store_of(corpus: str | None) -> str | None:
    """Returns the name of the store in which a corpus is usually prepared; None if it has none."""
    return getattr(dataset_settings(corpus), "store", None) if corpus in DATASETS else None


def only_split(corpus: Corpus) -> str:
    """Returns the corpus's usual split, or its only one.

    Raises:
        ErcbenchError: It has several, or none.
    """
    split = usual_split(corpus)
    if split is None:
        raise ErcbenchError(
            f"split is not set, and corpus '{corpus.name}' has no usual one; it has: "
            f"{', '.join(corpus.splits) or 'none'}. Set split to one of these."
        )
    return split
