"""CMU-MOSI as a data module."""

from typing import Any

from ercbench.corpora.mosi.contextual import FILE
from ercbench.corpora.mosi.read import read_arrays
from ercbench.data.datamodule import cache_path
from ercbench.data.prepared import PreparedDataModule
from ercbench.features.store.catalog import add_given, open_or_create
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import expanded


class MOSIDataModule(PreparedDataModule):
    """CMU-MOSI (Zadeh et al., arXiv 1606.06259), two classes; a video is the conversation.

    Args:
        root: Folder with `mosi_contextual.npz`, of which a store is made in `stores`; None for a
            store that was prepared.
        options: See `PreparedDataModule`.
    """

    corpus_name = "mosi"
    commands = ("ercbench prepare corpus=mosi root=PATH",)
    otherwise = f", or set dataset.root to the folder that holds {FILE}"

    def __init__(self, root: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.root = root

    def open_store(self) -> FeatureStore:
        """Opens the prepared store, or the one that is made of the arrays."""
        if self.root is None:
            return super().open_store()
        source = read_arrays(expanded(self.root))
        folder = cache_path(self.stores, "mosi", source.corpus.provenance["sha256"])
        with open_or_create(source.corpus, folder) as store:
            add_given(store, source)
        return FeatureStore(folder)
