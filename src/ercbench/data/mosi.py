"""CMU-MOSI as a data module."""

from pathlib import Path
from typing import Any

from ercbench.corpora.mosi import FILE, fitted_on, read_contextual
from ercbench.data.datamodule import ConversationDataModule, cache_path
from ercbench.errors import ErcbenchError
from ercbench.features.store import FeatureStore


class MOSIDataModule(ConversationDataModule):
    """CMU-MOSI (Zadeh et al., arXiv 1606.06259), two classes; a video is the conversation.

    Args:
        root: Folder with `mosi_contextual.npz`.
        stores: Folder in which the store made from it is kept.
        split: `poria` (49 / 13 / 31 videos) or `standard` (52 / 10 / 31).
        options: See `ConversationDataModule`.
    """

    def __init__(
        self, root: str | None, stores: str = "stores", split: str = "poria", **options: Any
    ) -> None:
        super().__init__(split, **options)
        if root is None:
            raise ErcbenchError(
                f"dataset.root is not set. Set it to the folder that holds {FILE}: "
                "dataset.root=PATH."
            )
        self.root, self.stores = Path(root).expanduser(), stores

    def open_store(self) -> FeatureStore:
        """Reads the npz into a store, unless a store of this very file is there already."""
        corpus, features = read_contextual(self.root)
        folder = cache_path(self.stores, "mosi", corpus.provenance["sha256"])
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
