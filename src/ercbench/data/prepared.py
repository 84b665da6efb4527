"""Datasets whose store the user prepares or imports first."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ercbench.data.datamodule import ConversationDataModule
from ercbench.features.store.catalog import open_store
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import expanded


class PreparedDataModule(ConversationDataModule):
    """A store by name, of any registered corpus or of the one that a subclass says.

    Args:
        store: Name of the store.
        stores: Folder of the stores.
        split: Name of one of the corpus's splits.
        corpus: Registered name of the corpus that the store must hold; by default `corpus_name`.
        options: See `ConversationDataModule`.

    Attributes:
        corpus_name: The corpus of the subclass; None for any.
        commands: What makes the store, each by itself.
        usual: Other names than the corpus's that stores have of themselves, and what that takes
            beside a command.
    """

    corpus_name: ClassVar[str | None] = None
    commands: ClassVar[tuple[str, ...]] = (
        "ercbench prepare corpus={corpus} root=PATH text=minilm",
    )
    usual: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, store: str | None, stores: str, split: str, corpus: str | None = None, **options: Any
    ) -> None:
        super().__init__(split, **options)
        self.name, self.stores = store, expanded(stores)
        self.wanted_corpus = corpus or self.corpus_name

    def open_store(self) -> FeatureStore:
        """Opens the store.

        Raises:
            ErcbenchError: There is none, or it holds another corpus; the message says which
                command makes it.
        """
        corpus, name = self.wanted_corpus, str(self.name)
        extra = self.usual.get(name, "" if name == corpus else f"store={name}")
        commands = [f"{own.format(corpus=corpus)} {extra}".strip() for own in self.commands]
        return open_store(self.stores, self.name, corpus, ", or ".join(commands))


class MELDDataModule(PreparedDataModule):
    """MELD (Poria et al., arXiv 1810.02508), 7 emotions or 3 sentiments."""

    corpus_name = "meld"
    usual: ClassVar = {"meld-sentiment": "labels=sentiment"}


class IEMOCAPDataModule(PreparedDataModule):
    """IEMOCAP (Busso et al. 2008), 6 or 4 emotions."""

    corpus_name = "iemocap"
    commands = (
        "ercbench import corpus=iemocap community=FILE",
        "ercbench prepare corpus=iemocap root=PATH text=minilm",
    )
    usual: ClassVar = {"iemocap6": "", "iemocap4": "labels=4"}


class MOSIDataModule(PreparedDataModule):
    """CMU-MOSI (Zadeh et al., arXiv 1606.06259), two classes; a video is the conversation."""

    corpus_name = "mosi"


class CSVDataModule(PreparedDataModule):
    """Anybody's conversations from a table."""

    commands = ("ercbench prepare corpus=csv root=FILE text=minilm",)
