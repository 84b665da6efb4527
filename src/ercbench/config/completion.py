"""Completion of `ercbench …` in a shell: Hydra's own, with the commands before it."""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO

from ercbench.config.choices import choices
from ercbench.config.help import compose_with_sources


def complete(commands: Sequence[str], query: Callable[[str], None]) -> list[str]:
    """Returns what could stand at the end of the line that the shell hands over, `COMP_LINE`.

    Args:
        commands: Of ercbench.
        query: Lets Hydra print the completions of a command; called with its name.
    """
    line = os.environ.get("COMP_LINE", "").lstrip()
    _, command, *settings = [*re.split(r"\s+", line), ""]
    if command not in commands or not settings[:-1]:
        return [name for name in commands if name.startswith(command)]
    composed = compose_with_sources(command)
    begun = settings[-2]
    group, names, _ = begun.partition("=")
    if names and group in composed.chosen:
        valid = [f"{group}={name}" for name in choices(group, composed.folders)]
        return [choice for choice in valid if choice.startswith(begun)]
    os.environ["COMP_LINE"] = line.partition(" ")[2]  # Hydra takes the first word for a program
    with redirect_stdout(StringIO()) as printed:
        query(command)
    known = {*map(str, composed.settings), *composed.chosen}
    found = (_whole_group(word) for word in printed.getvalue().split())
    return list(dict.fromkeys(word for word in found if _first_name(word) in known))


def _whole_group(word: str) -> str:
    """Returns `experiment=` of `experiment/`: what is in a folder is chosen by its whole name."""
    name, _, _ = word.partition("=")
    return f"{name.partition('/')[0]}=" if "/" in name else word


def _first_name(word: str) -> str:
    """Returns `model` of `model.hidden=64`, `model=gru` or `+model.x=1`."""
    return re.split(r"[.=]", word.lstrip("+~"), maxsplit=1)[0]
