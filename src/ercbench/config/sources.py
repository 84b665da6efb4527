"""How Hydra reads settings: types when they are asked for, and each YAML file once a process."""

from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.importlib_resources_config_source import (
    ImportlibResourcesConfigSource,
)
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader

from ercbench.config.types import GROUPS, node_of

# Where Hydra looks for types.
TYPES = "ercbench-types://"
# Signs of a file in which Hydra looks for its `# @package` line.
HEADER = 512


class TypesSource(ConfigSource):
    """The types of all settings.

    Hydra's own store would have all of them made beforehand, and copies itself whole whenever
    settings are composed.
    """

    @staticmethod
    def scheme() -> str:
        """Returns what the address begins with."""
        return TYPES.removesuffix("://")

    def available(self) -> bool:
        """Returns that it is."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Returns whether there are types below a path."""
        return any(f"{group}/".startswith(f"{config_path.rstrip('/')}/") for group in GROUPS)

    def is_config(self, config_path: str) -> bool:
        """Returns whether there is a type at a path."""
        group, name = _parted(config_path)
        return group in GROUPS and name in GROUPS[group]()

    def load_config(self, config_path: str) -> ConfigResult:
        """Returns a type as a node without values.

        Raises:
            ConfigLoadError: There is none at the path.
        """
        if not self.is_config(config_path):
            raise ConfigLoadError(f"No type of settings at {config_path}")
        return ConfigResult(self.provider, TYPES, node_of(*_parted(config_path)), {"package": None})

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Returns the names of the types directly in a group."""
        names = GROUPS.get(config_path.strip("/"), dict)()
        return [] if results_filter is ObjectType.GROUP else sorted(names)


class ReadOnce(ConfigSource):
    """YAML files, each read once until it changes."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Returns what a file holds.

        Raises:
            ConfigLoadError: There is no such file.
        """
        file = self.folder() / self._normalize_file_name(config_path)
        return _read_once(self, file) or super().load_config(config_path)  # type: ignore[safe-super]

    def folder(self) -> Any:
        """Returns where the files are."""
        raise NotImplementedError


class InFolder(ReadOnce, FileConfigSource):
    """Files in a folder."""

    def folder(self) -> Path:
        """Returns the folder."""
        return Path(self.path)


class InPackage(ReadOnce, ImportlibResourcesConfigSource):
    """Files in a package."""

    def folder(self) -> Any:
        """Returns the package's folder."""
        return files(self.path)


def use_sources() -> None:
    """Makes Hydra read by these; its registry of sources replaces none by itself."""
    for source in (TypesSource, InFolder, InPackage):
        SourcesRegistry.instance().types[source.scheme()] = source


def _parted(config_path: str) -> tuple[str, str]:
    group, _, name = config_path.strip("/").removesuffix(".yaml").rpartition("/")
    return group, name


def _read_once(source: ConfigSource, file: Any) -> ConfigResult | None:
    """Returns what a file holds; None if Hydra has to read it, or has to say what is wrong."""
    try:
        state = Path(file).stat()
        text, config = _read(str(file), (state.st_ino, state.st_size, state.st_mtime_ns))
    except (OSError, TypeError, ValueError, yaml.YAMLError):
        return None
    header = ConfigSource._get_header_dict(text[:HEADER])
    return ConfigResult(source.provider, source.full_path(), deepcopy(config), header)


@cache
def _read(file: str, state: tuple[int, ...]) -> tuple[str, DictConfig]:
    """Returns a file's text and settings; Hydra changes the settings, whoever gives them copies."""
    text = Path(file).read_text(encoding="utf-8")
    return text, OmegaConf.create(dict(yaml.load(text, _loader()) or {}))


@cache
def _loader() -> Any:
    """Returns OmegaConf's reader of YAML, which is written in Python, upon the one in C."""
    if not yaml.__with_libyaml__:
        return get_yaml_loader()

    class InC(yaml.cyaml.CParser, get_yaml_loader()):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            yaml.cyaml.CParser.__init__(self, stream)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return InC
