"""What can be chosen by name, read off the folders of settings; importing this is quick."""

from collections.abc import Sequence
from pathlib import Path

from ercbench.files import config_folder


def choices(group: str, folders: Sequence[Path] = ()) -> list[str]:
    """Returns the names in a group of settings, sorted, as in `model=<name>`.

    Args:
        group: Such as `model`.
        folders: Of settings; by default ours.
    """
    found = set()
    for folder in folders or [config_folder()]:
        own = folder / group
        found |= {path.relative_to(own).with_suffix("").as_posix() for path in own.rglob("*.yaml")}
    return sorted(found)


def headline(file: Path) -> str:
    """Returns what the first line of a file of settings says of it."""
    with file.open(encoding="utf-8") as lines:
        says = (line for line in lines if not line.startswith("# @package"))
        return next(says, "").removeprefix("#").strip()
