"""The embedded, simulated corpus as a data module."""

from dataclasses import asdict
from typing import Any

from ercbench.corpora.simulated.simulation import SimulationSettings, simulate
from ercbench.data.datamodule import ConversationDataModule, cache_path
from ercbench.features.store.catalog import open_or_create
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import expanded, sha256_of_text

MODALITIES = ("text", "audio", "visual")


class SimulatedDataModule(ConversationDataModule):
    """SIMULATED conversations; no download, and the best possible score is known.

    Args:
        simulation: `SimulationSettings` by name.
        stores: Folder in which the made store is kept.
        split: `simulated`, the only one.
        options: See `ConversationDataModule`.
    """

    def __init__(
        self,
        simulation: dict[str, Any],
        stores: str,
        split: str,
        **options: Any,
    ) -> None:
        super().__init__(split, **options)
        self.simulation = SimulationSettings(**simulation)
        self.stores = expanded(stores)

    def open_store(self) -> FeatureStore:
        """Simulates the corpus unless all of a store with these settings is there already."""
        folder = cache_path(self.stores, "simulated", sha256_of_text(repr(self.simulation)))
        if not folder.exists() or len(FeatureStore(folder).keys()) < len(MODALITIES):
            corpus, features = simulate(self.simulation)
            with open_or_create(corpus, folder) as store:
                for modality, values in features.items():
                    if f"{modality}:simulated" in store.keys():
                        continue
                    store.add(
                        modality,
                        "simulated",
                        values,
                        encoder="simulation",
                        fitted_on=[],
                        settings=asdict(self.simulation),
                    )
        return FeatureStore(folder)
