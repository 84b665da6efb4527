"""CMU-MOSI as a data module."""

from typing import Any

from ercbench.corpora.mosi.contextual import FILE, fitted_on, read_contextual
from ercbench.data.datamodule import ConversationDataModule, cache_path
from ercbench.features.store.catalog import open_store
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import expanded

COMMAND = "ercbench prepare corpus=mosi root=PATH"


class MOSIDataModule(ConversationDataModule):
    """CMU-MOSI (Zadeh et al., arXiv 1606.06259), two classes; a video is the conversation.

    Args:
        root: Folder with `mosi_contextual.npz`; None for a store that was prepared.
        stores: Folder in which the store is, or in which the one made from root is kept.
        store: Name of the prepared store.
        split: `poria` (49 / 13 / 31 videos) or `standard` (52 / 10 / 31).
        options: See `ConversationDataModule`.
    """

    def __init__(
        self,
        root: str | None,
        stores: str,
        split: str,
        store: str,
        **options: Any,
    ) -> None:
        super().__init__(split, **options)
        self.root, self.stores, self.name = root, expanded(stores), store

    def open_store(self) -> FeatureStore:
        """Opens the prepared store, or reads the npz into one unless that was done already."""
        if self.root is None:
            command = f"{COMMAND}, or set dataset.root to the folder that holds {FILE}"
            return open_store(self.stores, self.name, "mosi", command)
        corpus, features = read_contextual(expanded(self.root))
        folder = cache_path(str(self.stores), "mosi", corpus.provenance["sha256"])
        if not folder.exists():
            seen = fitted_on(corpus)
            with FeatureStore.creating(folder, corpus) as store:
                for modality, values in features.items():
                    store.add(
                        modality,
                        "contextual",
                        values,
                        encoder="the field's contextual arrays",
                        fitted_on=seen[modality],
                    )
        return FeatureStore(folder)
