"""What the documentation names is there: settings of commands, imports, files, make's targets."""

import ast
import re
import shlex
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from string import Template

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from ercbench.cli import ALONE, COMMANDS
from ercbench.config.checking import checked
from ercbench.config.compose import compose
from ercbench.files import config_folder

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
FILES += ROOT.glob("src/ercbench/**/README.md")
TEXTS = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in sorted(FILES)}
LOOP_VARIABLES = {"D": "corpora", "paper": "hcam"}


def blocks(text, language=""):
    """The fenced blocks of a text in one language, continued lines joined."""
    found = re.findall(r"^```(.*?)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [own.replace("\\\n", " ") for name, own in found if name == language]


def commands(text):
    """The words after `ercbench` of every command in the blocks of a text."""
    for block in blocks(text):
        variables = LOOP_VARIABLES | dict(re.findall(r'^(\w+)="(.*)"$', block, re.MULTILINE))
        for line in re.findall(
            r"^\s*(?:\w+=\S+ |torchrun .* -m )*ercbench (.*)", block, re.MULTILINE
        ):
            yield shlex.split(Template(line).safe_substitute(variables), comments=True)


TYPED = {" ".join(words): words for text in TEXTS.values() for words in commands(text)}


def each_run(overrides):
    """Overrides of as many runs as give each value of a sweep its turn."""
    values = [
        [f"{own.key_or_group}={value}" for value in own.sweep_string_iterator()]
        if own.is_sweep_override()
        else [own.input_line]
        for own in OverridesParser.create().parse_overrides(overrides)
    ]
    for chosen in zip_longest(*values):
        yield [own or first for own, (first, *_) in zip(chosen, values, strict=True)]


@cache
def composed(command, *choices):
    return compose(command, choices)


def check(command, overrides):
    """Raises an error if a choice or a setting is not there, or out of its bounds."""
    overrides = [own for own in overrides if not own.startswith("experiment=tuned/")]
    choices = [own for own in overrides if (config_folder() / own.split("=")[0]).is_dir()]
    settings = OmegaConf.from_dotlist([own for own in overrides if own not in choices])
    checked(OmegaConf.merge(composed(command, *choices), settings))


@pytest.mark.parametrize("words", TYPED.values(), ids=TYPED)
def test_a_command_has_settings_that_exist(words):
    command, *arguments = words
    overrides = [word for word in arguments if "=" in word and not word.startswith("seed=")]
    if command in ALONE:
        alone = [f"{ALONE[command]}={word}" for word in arguments if word not in overrides]
        compose(command, [*alone[:1], *overrides])
    elif command in COMMANDS:
        several = "-m" in arguments or command == "commands"
        command = "finetune" if "finetune" in arguments[:1] else command
        for own in each_run(overrides) if several else [overrides]:
            check(command, own)
    else:
        assert command.startswith("-"), f"no command {command}"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_setting_that_is_named_is_there(text):
    groups = "model|dataset|selection|protocol|logger|encoder|options"
    for group, setting in re.findall(rf"`({groups})\.(\w+)(?![\w(])", text):
        files = [*config_folder().glob(f"{group}/*.yaml"), *config_folder().glob("*.yaml")]
        assert any(f"{setting}:" in file.read_text() for file in files), f"{group}.{setting}"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_imports_files_and_targets_that_are_named_are_there(text):
    for block in blocks(text, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), node.module
    for path in re.findall(r"\b(?:tests|benchmarks|conf|notebooks|src)/[\w/.]+\.\w+", text):
        assert (ROOT / path).is_file(), path
    targets = re.findall(r"^([\w%-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"make ([a-z][a-z-]+)", "\n".join(blocks(text))):
        assert any(fnmatch(target, own.replace("%", "*")) for own in targets), target


@pytest.mark.parametrize(
    ("name", "module"), re.findall(r"`(\w+)` in `([\w.]+)`", TEXTS["docs/glossary.md"])
)
def test_a_term_has_the_name_in_code_that_the_glossary_says(name, module):
    assert hasattr(import_module(f"ercbench.{module}"), name)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_from_the_front_lead_somewhere(name):
    links = re.findall(r"\]\((?!\w+:)([^)#]+)", TEXTS[name])
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
