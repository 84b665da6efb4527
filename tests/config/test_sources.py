"""Where Hydra finds settings and their types."""

import yaml
from omegaconf._utils import get_yaml_loader

from ercbench.config.schema import WITHOUT_CHOICES
from ercbench.config.sources import _loader
from ercbench.config.types import COMMANDS
from ercbench.files import config_folder


def _chosen(command):
    defaults = yaml.safe_load((config_folder() / f"{command}.yaml").read_text())["defaults"]
    return [own for own in defaults if isinstance(own, dict) and "override" not in next(iter(own))]


def test_other_packages_are_asked_wherever_a_part_is_chosen_by_name():
    assert {own for own in COMMANDS if not _chosen(own)} >= set(WITHOUT_CHOICES)


def test_files_are_read_as_omegaconf_reads_them():
    for file in config_folder().rglob("*.yaml"):
        text = file.read_text()
        assert yaml.load(text, _loader()) == yaml.load(text, get_yaml_loader()), file
