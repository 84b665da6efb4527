"""The types of our own settings, registered with Hydra; importing this needs no torch."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from ercbench.config.reproduce import ReproduceSettings
from ercbench.config.stores import ImportSettings, PrepareSettings
from ercbench.corpora.simulated.simulation import SimulationSettings
from ercbench.models.registry import MODELS, TRAINABLE_ENCODERS


@dataclass
class SelectionSettings:
    """How the epoch is chosen, always on validation.

    Attributes:
        metric: A scalar of `ConversationMetrics`; the highest wins, the first of equals.
        patience: Epochs without improvement after which training stops.
    """

    metric: str = "weighted_f1"
    patience: int = 10


@dataclass
class ProtocolSettings:
    """What is allowed.

    Attributes:
        allow_leakage: Lets features that saw test labels through; tables then mark the run.
        as_released: Also records the epoch that is best on the test part, beside the one chosen
            on validation, for papers whose released code chose so.
    """

    allow_leakage: bool = False
    as_released: bool = False


@dataclass
class DatasetSettings:
    """What every dataset has.

    Attributes:
        split: Name of one of the corpus's splits.
        batch_size: Conversations per batch.
        window: Batches whose conversations are sorted by length together; 1 keeps batches random.
    """

    _target_: str = MISSING
    split: str = MISSING
    batch_size: int = 16
    window: int = 1


@dataclass
class SimulatedSettings(DatasetSettings):
    """The embedded corpus."""

    _target_: str = "ercbench.data.simulated.SimulatedDataModule"
    split: str = "simulated"
    batch_size: int = 32
    simulation: SimulationSettings = field(default_factory=SimulationSettings)


@dataclass
class MOSISettings(DatasetSettings):
    """CMU-MOSI.

    Attributes:
        root: Folder with `mosi_contextual.npz`; None for the prepared store.
        store: Name of the prepared store.
    """

    _target_: str = "ercbench.data.mosi.MOSIDataModule"
    split: str = "poria"
    batch_size: int = 8
    root: str | None = None
    store: str = "mosi"


@dataclass
class MELDSettings(DatasetSettings):
    """MELD.

    Attributes:
        store: Name of the prepared store.
    """

    _target_: str = "ercbench.data.prepared.MELDDataModule"
    split: str = "official"
    store: str = "meld"


@dataclass
class IEMOCAPSettings(DatasetSettings):
    """IEMOCAP.

    Attributes:
        store: Name of the prepared store.
    """

    _target_: str = "ercbench.data.prepared.IEMOCAPDataModule"
    split: str = "cosmic"
    store: str = "iemocap6"


@dataclass
class CSVSettings(DatasetSettings):
    """Anybody's table.

    Attributes:
        store: Name of the prepared store: the table's, unless it was given another.
    """

    _target_: str = "ercbench.data.prepared.CSVDataModule"
    split: str = "given"
    store: str | None = None


DATASETS: dict[str, type] = {
    "simulated": SimulatedSettings,
    "mosi": MOSISettings,
    "meld": MELDSettings,
    "iemocap": IEMOCAPSettings,
    "csv": CSVSettings,
}


@dataclass
class TrainSettings:
    """Everything `ercbench train` can be told.

    Attributes:
        model: The model's settings.
        dataset: The data module's settings.
        features: Feature sets, `modality:name` or `modality`, one or a list; null for all
            modalities.
        trainer: Arguments of `lightning.Trainer`.
        logger: A Lightning logger, or nothing; `metrics.csv` is always written.
        selection: How the epoch is chosen.
        protocol: What is allowed.
        seed: Of weights, order and dropout.
        group: Name under which runs are grouped; by default corpus and model.
        runs: Folder of the run records.
        store: Name of the prepared store, instead of the dataset's usual one.
        stores: Folder of the feature stores.
        force: Run again although the same run has finished.
    """

    model: Any = MISSING
    dataset: Any = MISSING
    trainer: Any = MISSING
    logger: Any = None
    features: Any = None
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    protocol: ProtocolSettings = field(default_factory=ProtocolSettings)
    seed: int = 0
    group: str | None = None
    runs: str = "runs"
    store: str | None = None
    stores: str = "stores"
    force: bool = False


@dataclass
class FinetuneSettings:
    """Everything `ercbench finetune` can be told.

    Attributes:
        encoder: The encoder's settings.
        corpus: `iemocap`, `meld`, `mosi` or `csv`, whose store is prepared.
        source: Folder of pictures, for an encoder that is trained on one instead of a corpus.
        trainer: Arguments of `lightning.Trainer`.
        selection: How the epoch is chosen.
        split: Name of one of the corpus's splits; None for its usual one.
        folds: Above 1, as many more encoders are trained, each without a part of the training
            conversations, so that these get features from one that has not seen their labels.
        seed: Of weights, order, augmentation and folds, and of the split of a `source`.
        runs: Folder of the run records.
        store: Name of the prepared store, instead of the corpus's usual one.
        stores: Folder of the feature stores.
        force: Run again although the same run has finished.
    """

    encoder: Any = MISSING
    trainer: Any = MISSING
    corpus: str | None = None
    source: str | None = None
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    split: str | None = None
    folds: int = 1
    seed: int = 0
    runs: str = "encoders"
    store: str | None = None
    stores: str = "stores"
    force: bool = False


def register() -> None:
    """Makes the schemas known to Hydra."""
    store = ConfigStore.instance()
    store.store("train_schema", TrainSettings)
    store.store("finetune_schema", FinetuneSettings)
    store.store("prepare_schema", PrepareSettings)
    store.store("import_schema", ImportSettings)
    store.store("reproduce_schema", ReproduceSettings)
    for model in MODELS:
        store.store(model.name, model.settings, group="schema/model")
    for encoder in TRAINABLE_ENCODERS:
        store.store(encoder.name, encoder.settings, group="schema/encoder")
    for name, settings in DATASETS.items():
        store.store(name, settings, group="schema/dataset")
