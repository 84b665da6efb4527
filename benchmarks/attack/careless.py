"""Careless input, made of the types of every command's settings: wrong values, paths, names."""

import random
from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from attack.children import command, run
from attack.contents import litter
from attack.outcomes import Finding, Outcome
from attack.scenarios import (
    CORPUS,
    IMPORT,
    REPORT,
    REPRODUCE,
    SCENARIOS,
    SHARDS,
    TRAIN,
    copied,
)
from ercbench.config.help import compose_with_sources

COMMANDS = {
    "prepare": CORPUS,
    "import": IMPORT,
    "stores": ("stores",),
    "finetune": ("finetune", "corpus=csv", "store=talk", "trainer.max_epochs=1"),
    "train": (*TRAIN, "trainer.max_epochs=1"),
    "reproduce": (*REPRODUCE, "plan=true"),
    "report": REPORT,
}
VALUES = (
    *("", "''", "null", "abc", "-1", "0", "1.5", "nan", "-inf", "1e400", str(10**12), "true"),
    *("[]", "[1,2]", "{a: 1}", "[[a]]", "a,b", "???", "${seed}", "${nothing}", "$x"),
    *(
        "nowhere",
        "../outside",
        "/outside/nowhere",
        "a/b",
        ".",
        "..",
        "folder",
        "empty",
        "/dev/null",
    ),
    *("~nosuchuser", "~nosuchuser/x", "ünïcödé 空", "a\nb", "a\tb", "a b", "\x1b[31m", "x" * 5000),
    *("'", '"', "[", "a=b", "(x)", "#", "\\", "mlp", "hcam", "meld", "csv", "minilm", "talk.csv"),
)
WORDS = (
    "",
    "=",
    "=x",
    "nothing",
    "folder",
    "empty",
    "--nothing",
    "-m",
    "-p",
    "~seed",
    "+x=1",
    "++",
)


def careless_input(folder: Path, seed: int, times: int) -> Iterator[Finding]:
    """Gives each command in turn something that it should do, refuse in a line, or ignore."""
    rng = random.Random(seed)
    start = SCENARIOS["report"].prepare(folder / "start")
    for arguments in (CORPUS, SHARDS[0]):
        run(start, command(*arguments))
    (start / "folder").mkdir()
    (start / "empty").touch()
    around = {path.name for path in folder.iterdir()} | {"work"}
    settings = {name: list(_names(compose_with_sources(name).settings)) for name in COMMANDS}
    for number in range(times):
        name = list(COMMANDS)[number % len(COMMANDS)]
        careless = _argument(rng, settings, name)
        place = copied(start, "work")
        ended = run(place, command(*COMMANDS[name], careless))
        finding = ended.finding(f"{name} {careless!r:.200}")
        escaped = {path.name for path in folder.iterdir()} - around
        left = litter(place) - litter(start) | escaped
        if left and not finding.failed:
            finding = Finding(Outcome.LITTER, f"{finding.told}: {', '.join(sorted(left))}")
        around |= escaped
        yield finding


def _argument(rng: random.Random, settings: dict[str, list[str]], name: str) -> str:
    """Returns a wrong word, a setting with an odd value, or a setting of another command."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(WORDS)
    own = rng.choice(settings[name if kind < 0.9 else rng.choice(list(settings))])
    return f"{own}={rng.choice(VALUES)}"


def _names(config: DictConfig, parent: str = "") -> Iterator[str]:
    """Yields the full name of every setting."""
    for key in map(str, config):
        yield f"{parent}{key}"
        inner = config._get_node(key)
        if isinstance(inner, DictConfig) and not inner._is_none() and not inner._is_missing():
            yield from _names(inner, f"{parent}{key}.")
