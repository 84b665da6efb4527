"""The types of the settings of `ercbench train` and `finetune`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ercbench.metrics import SELECTION_METRICS
from ercbench.settings import Count, Seed, Settings, one_of, require


@dataclass(kw_only=True)
class SelectionSettings(Settings):
    """How the epoch is chosen, always on validation.

    Attributes:
        metric: A selection metric of `ercbench.metrics`; the best wins, the first of equals. None
            for the main one of what is learned.
        patience: Epochs without improvement after which training stops.
    """

    metric: Annotated[str, one_of(*SELECTION_METRICS)] | None
    patience: Count


@dataclass(kw_only=True)
class ProtocolSettings(Settings):
    """What is allowed.

    Attributes:
        allow_leakage: Lets features through that saw labels of validation or test; tables mark
            the run.
        as_released: Also records the epoch that is best on the test part, beside the one chosen
            on validation, for papers whose released code chose so.
        released_epochs: Epochs of the released script, up to which every stage is then watched,
            though patience or `trainer.max_epochs` ends the honest training before; None to watch
            the honest training alone.
        test: Whether the test part is read; a trial of `ercbench tune` leaves it unread.
    """

    allow_leakage: bool
    as_released: bool
    released_epochs: Count | None
    test: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        expected = "false where protocol.test=false, because it reads the test part"
        require("as_released", self.as_released, self.test or not self.as_released, expected)


@dataclass(kw_only=True)
class FitSettings(Settings):
    """What is needed to train anything.

    Attributes:
        trainer: Arguments of `lightning.Trainer`.
        selection: How the epoch is chosen.
        seed: Of weights, order, dropout, augmentation and folds, and of the split of a `source`.
        runs: Folder of the run records.
        store: Name of the prepared store, instead of the corpus's usual one.
        stores: Folder of the feature stores.
        force: Run again although the same run has finished.
        launcher: How several runs are started; None for one after the other.
    """

    trainer: Any
    selection: SelectionSettings
    seed: Seed
    runs: str
    store: str | None
    stores: str
    force: bool
    launcher: Any


@dataclass(kw_only=True)
class TrainSettings(FitSettings):
    """Everything `ercbench train` can be told.

    Attributes:
        model: The model's settings.
        dataset: The data module's settings.
        logger: A Lightning logger, or nothing; `metrics.csv` is always written.
        features: Feature sets, `modality:name` or `modality`, one or a list; None for all
            modalities.
        protocol: What is allowed.
        group: Name under which runs are grouped; None for corpus and model.
    """

    model: Any
    dataset: Any
    logger: Any
    features: Any
    protocol: ProtocolSettings
    group: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_class("model", self.model)
        require_class("dataset", self.dataset)
        named = self.features if isinstance(self.features, list) else [self.features or ""]
        names = all(isinstance(name, str) for name in named)
        require("features", self.features, names, "modality:name or modality, one or a list")


@dataclass(kw_only=True)
class FinetuneSettings(FitSettings):
    """Everything `ercbench finetune` can be told.

    Attributes:
        encoder: The encoder's settings.
        corpus: `iemocap`, `meld`, `mosi` or `csv`, whose store is prepared.
        source: Folder of pictures, for an encoder that is trained on one instead of a corpus.
        split: Name of one of the corpus's splits; None for its usual one.
        folds: Above 1, as many more encoders are trained, each without a part of the training
            conversations, so that these get features from one that has not seen their labels.
        align: Whether the folds' vectors are turned into the whole encoder's space.
    """

    encoder: Any
    corpus: str | None
    source: str | None
    split: str | None
    folds: Count
    align: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        require_class("encoder", self.encoder)


def require_class(setting: str, found: Any) -> None:
    """Checks that settings name the class that they are of.

    Raises:
        SettingError: They do not.
    """
    named = found.get("_target_") if isinstance(found, Mapping) else vars(found).get("_target_")
    require(f"{setting}._target_", named, bool(named), "the full name of a class")
