"""What Hydra is told of our settings: their types, and where those of other packages lie."""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from ercbench.config.sources import TYPES, use_sources

# Where `ercbench tune` leaves `experiment/tuned/<study>.yaml`, unless told otherwise.
STUDIES = Path("studies")

# Commands without a part that is chosen by name, so that no other package can bring one.
WITHOUT_CHOICES = (
    *("evaluate", "import", "jobs", "list", "predict"),
    *("report", "robust", "show", "stores"),
)


def conf_folders() -> list[str]:
    """Returns Hydra's search paths of the settings that other packages bring along."""
    from ercbench.corpora.registry import CORPORA
    from ercbench.models.registry import MODELS

    return sorted({entry.conf for entry in (*MODELS, *CORPORA) if entry.conf})


class OurTypes(SearchPathPlugin):
    """Lets Hydra find the types of our settings."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Adds where they are."""
        search_path.append("types", TYPES)


class MoreSettings(SearchPathPlugin):
    """Lets Hydra find the settings of other packages, and those that studies chose here."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Adds their folders."""
        for folder in conf_folders():
            search_path.append("another package", folder)
        if STUDIES.is_dir():
            search_path.append("studies", str(STUDIES.absolute()))


def register(command: str) -> None:
    """Makes known to Hydra what a command can be told; looking for other packages takes a while."""
    Plugins.instance().register(OurTypes)
    use_sources()
    if command not in WITHOUT_CHOICES:
        Plugins.instance().register(MoreSettings)
