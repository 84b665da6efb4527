"""Corpora, datasets and models by name, with the settings that `conf/` gives them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ercbench.config import compose
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.reading import read_source
from ercbench.data.datamodule import ConversationDataModule, DataSpec
from ercbench.files import expanded
from ercbench.models.base.classifier import ConversationClassifier


def load_corpus(name: str, root: str | Path | Mapping[str, str | Path], **settings: Any) -> Corpus:
    """Reads a corpus from where it lies.

    Args:
        name: As in `ercbench list corpora`: `meld`, `iemocap`, `mosi`, `csv`, or another's.
        root: Its folder or file; for csv also a mapping of `train`, `dev` and `test` to files.
        settings: Of its reader, such as `labels`.

    Raises:
        ErcbenchError: There is no such corpus or setting, or it cannot be read.
    """
    if isinstance(root, Mapping):
        return read_source(
            name, {part: expanded(own) for part, own in root.items()}, settings
        ).corpus
    return read_source(name, expanded(root), settings).corpus


def load_dataset(
    name: str,
    features: str | list[str] | None = None,
    stores: str | Path = "stores",
    **settings: Any,
) -> ConversationDataModule:
    """Returns a dataset as a Lightning data module, from its feature store.

    Args:
        name: A name in `conf/dataset`; `simulated` is made on first use.
        features: Feature sets, `modality:name` or `modality`; None for all modalities.
        stores: Folder of the feature stores.
        settings: That differ from `conf/dataset/<name>.yaml`, such as `split` or `store`.

    Raises:
        ErcbenchError: There is no such store, or a setting is wrong.
    """
    dataset: ConversationDataModule = compose.build_dataset(name, expanded(stores), **settings)
    dataset.wanted = features
    return dataset


def build_model(
    name: str, data: ConversationDataModule | DataSpec, **settings: Any
) -> ConversationClassifier:
    """Returns an untrained model for some data.

    With a data module its features' statistics are set too, so that a plain `lightning.Trainer`
    can fit it.

    Args:
        name: As in `ercbench list models`.
        data: A data module, or what its data is like.
        settings: That differ from `conf/model/<name>.yaml`, such as `hidden`.

    Raises:
        ErcbenchError: There is no such model, or a setting is out of its bounds.
    """
    if isinstance(data, DataSpec):
        return compose.build_model(name, data, **settings)
    model: ConversationClassifier = compose.build_model(name, data.spec, **settings)
    model.standardise.fit(data.statistics)
    return model
