"""`ercbench <command> --help`: what can be chosen and set, with the comments of the YAML files."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

import hydra
import yaml
from omegaconf import DictConfig, OmegaConf, open_dict

from ercbench.config.choices import choices, headline
from ercbench.config.schema import register
from ercbench.files import config_folder

WIDTH = 100
SettingPath = tuple[str, ...]


@dataclass(frozen=True)
class Composed:
    """The settings of a command, and where they come from.

    Attributes:
        settings: All but Hydra's own.
        template: Of the command's help.
        chosen: Group to the name chosen in it; only groups that mean something to the command.
        folders: Of settings, first come, first served.
    """

    settings: DictConfig
    template: str
    chosen: Mapping[str, str | None]
    folders: Sequence[Path]


def help_of(command: str, overrides: Sequence[str] = (), folder: str | None = None) -> str:
    """Returns the help of a command, with the settings that the overrides lead to.

    Args:
        command: Such as `train`.
        overrides: Such as `model=gru`.
        folder: Another folder of settings.
    """
    composed = compose_with_sources(command, overrides, folder)
    said = comments(command, composed)
    names = {group: ", ".join(choices(group, composed.folders)) for group in composed.chosen}
    return Template(composed.template).safe_substitute(
        APP_CONFIG_GROUPS="\n".join(_wrapped(f"{group}: {own}") for group, own in names.items()),
        CONFIG=commented(composed.settings, said),
    )


def compose_with_sources(
    command: str, overrides: Sequence[str] = (), folder: str | None = None
) -> Composed:
    """Composes the settings of a command, unchecked, and notes where they come from."""
    register(command)
    places = [f"hydra.searchpath=['{Path(folder).absolute()}']"] if folder else []
    with hydra.initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = hydra.compose(command, [*overrides, *places], return_hydra_config=True)
    template, runtime = config.hydra.help.template, config.hydra.runtime
    with open_dict(config):
        del config["hydra"]
    chosen_last = reversed(runtime.choices.items())  # Hydra has the last of the defaults first
    chosen = {group: name for group, name in chosen_last if not group.startswith("hydra/")}
    return Composed(config, template, chosen, list(_folders(runtime.config_sources)))


def comments(command: str, composed: Composed) -> dict[SettingPath, str]:
    """Returns what the YAML files say above each group and beside each setting, in their order."""
    found: dict[SettingPath, str] = {}
    for group, name in composed.chosen.items():
        files = (folder / group / f"{name}.yaml" for folder in composed.folders)
        file = next((file for file in files if file.is_file()), None)
        if file and group in composed.settings:
            own = {(group, *path): text for path, text in _comments(file).items()}
            found |= {(group,): headline(file)} | own
    return found | {
        path: text
        for path, text in _comments(config_folder() / f"{command}.yaml").items()
        if text or path not in found
    }


def commented(settings: DictConfig, said: Mapping[SettingPath, str]) -> str:
    """Returns settings as YAML, in the order in which something is said of them, with it."""
    order = {path: place for place, path in enumerate(said)}
    lines = OmegaConf.to_yaml(OmegaConf.create(_ordered(settings, order))).splitlines()
    for path, line in _lines_of("\n".join(lines)):
        if text := said.get(path):
            lines[line] = f"{lines[line]}  # {text}"
    return "\n".join(line for line in lines if not line.lstrip().startswith("_target_:"))


def _comments(file: Path) -> dict[SettingPath, str]:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    settings = [own for own in _lines_of(text) if own[0][0] not in ("defaults", "hydra")]
    return {path: lines[line].partition(" # ")[2].strip() for path, line in settings}


def _ordered(
    settings: Any, order: Mapping[SettingPath, int], path: SettingPath = ()
) -> dict[str, Any]:
    plain: Any = OmegaConf.to_container(settings) if isinstance(settings, DictConfig) else settings
    names = sorted(plain, key=lambda name: order.get((*path, name), len(order)))
    return {
        name: _ordered(plain[name], order, (*path, name))
        if isinstance(plain[name], dict)
        else plain[name]
        for name in names
    }


def _lines_of(text: str) -> Iterator[tuple[SettingPath, int]]:
    """Yields the path of each setting in a YAML text, and the number of its line."""

    def walk(node: Any, path: SettingPath) -> Iterator[tuple[SettingPath, int]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                own = (*path, key.value)
                yield own, key.start_mark.line
                yield from walk(value, own)

    return walk(yaml.compose(text), ())


def _folders(sources: Sequence[Any]) -> Iterator[Path]:
    for source in sources:
        if source.schema == "file":
            yield Path(source.path)
        elif source.schema == "pkg" and source.provider != "hydra":
            package = find_spec(source.path)  # its folder may have no __init__.py
            yield from map(Path, (package and package.submodule_search_locations) or ())


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
