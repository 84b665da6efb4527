"""The types of all settings, registered with Hydra; importing this needs no torch."""

from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from ercbench.config.add import AddSettings
from ercbench.config.datasets import DATASETS, RegisteredSettings
from ercbench.config.evaluate import EvaluateSettings
from ercbench.config.launching import LAUNCHERS, JobsSettings
from ercbench.config.looking import ListSettings, ShowSettings
from ercbench.config.predicting import PredictSettings
from ercbench.config.report import ReportSettings
from ercbench.config.reproduce import ReproduceSettings
from ercbench.config.robust import RobustSettings
from ercbench.config.stores import ImportSettings, PrepareSettings, StoresSettings
from ercbench.config.training import FinetuneSettings, TrainSettings
from ercbench.config.tuning import TuneSettings
from ercbench.corpora.registry import CORPORA
from ercbench.models.registry import MODELS, TRAINABLE_ENCODERS

COMMANDS: dict[str, type] = {
    "train": TrainSettings,
    "tune": TuneSettings,
    "finetune": FinetuneSettings,
    "prepare": PrepareSettings,
    "import": ImportSettings,
    "reproduce": ReproduceSettings,
    "add": AddSettings,
    "evaluate": EvaluateSettings,
    "report": ReportSettings,
    "jobs": JobsSettings,
    "robust": RobustSettings,
    "stores": StoresSettings,
    "list": ListSettings,
    "show": ShowSettings,
    "predict": PredictSettings,
}

# Where `ercbench tune` leaves `experiment/tuned/<study>.yaml`, unless told otherwise.
STUDIES = Path("studies")


def conf_folders() -> list[str]:
    """Returns Hydra's search paths of the settings that other packages bring along."""
    return sorted({entry.conf for entry in (*MODELS, *CORPORA) if entry.conf})


class MoreSettings(SearchPathPlugin):
    """Lets Hydra find the settings of other packages, and those that studies chose here."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Adds their folders."""
        for folder in conf_folders():
            search_path.append("another package", folder)
        if STUDIES.is_dir():
            search_path.append("studies", str(STUDIES.absolute()))


@cache
def register() -> None:
    """Makes the schemas, and the settings of other packages, known to Hydra, once."""
    Plugins.instance().register(MoreSettings)
    store = ConfigStore.instance()
    for command, settings in COMMANDS.items():
        store.store(f"{command}_schema", settings)
    for model in MODELS:
        store.store(model.name, _of_class(model.settings, model.target), group="schema/model")
    for encoder in TRAINABLE_ENCODERS:
        node = _of_class(encoder.settings, encoder.target)
        store.store(encoder.name, node, group="schema/encoder")
    for name, settings in DATASETS.items():
        store.store(name, settings, group="schema/dataset")
    for name, (launcher, target) in LAUNCHERS.items():
        store.store(name, _of_class(launcher, target), group="schema/launcher")
    store.store("prepared", RegisteredSettings, group="schema/dataset")


def _of_class(settings: type, target: str) -> Any:
    node: Any = OmegaConf.structured(settings)
    node._target_ = target
    return node
