"""Which files a table is in, and which part each of them holds."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ercbench.corpora.conversation import PARTS, first_few
from ercbench.corpora.source import Root
from ercbench.corpora.table.parts import SPELLINGS, check_parts
from ercbench.errors import ErcbenchError

SUFFIXES = (".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class TableFile:
    """A file with rows.

    Attributes:
        path: Where it lies.
        part: Which part all its rows are of; None where a column says it.
    """

    path: Path
    part: str | None = None


def table_files(root: Root) -> list[TableFile]:
    """Returns the files of a table, in order.

    Args:
        root: A file; a folder or a pattern such as `season*.csv`; or a file, folder or pattern for
            each part. Files of a folder that are all called by a part (`train.csv`,
            `mine_dev.csv`) hold that part.

    Raises:
        ErcbenchError: There is no such file, one is of another kind, or a part has none.
    """
    if isinstance(root, Mapping):
        return _by_part(root)
    paths = _paths("root", root)
    if len(paths) == 1:
        return [TableFile(paths[0])]
    parts = [_part_of(path) for path in paths]
    if None in parts:
        return [TableFile(path) for path in paths]
    files = [TableFile(path, part) for path, part in zip(paths, parts, strict=True)]
    return sorted(files, key=lambda file: PARTS.index(str(file.part)))


def name_of(root: Root, files: Sequence[TableFile]) -> str:
    """Returns what a table is called: its file or folder, or what the names of its files share."""
    if isinstance(root, Path) and root.is_dir() and len(files) > 1:
        return root.resolve().name
    return shared_name([file.path for file in files])


def shared_name(paths: Sequence[Path]) -> str:
    """Returns what the names of some files share beside their parts, or else their folder's name.

    `train_faces.npz` and `dev_faces.npz` are `faces`, `season1.csv` and `season2.csv` `season`.
    """
    if len(paths) == 1:
        return paths[0].stem
    stems = ["_".join(_words_beside_parts(path)) for path in paths]
    shared = os.path.commonprefix(stems).rstrip(" ._-")  # noqa: RUF071 (of letters, not folders)
    return shared if len(shared) > 2 else paths[0].resolve().parent.name


def _by_part(root: Mapping[str, Path]) -> list[TableFile]:
    given = {SPELLINGS.get(name, name): (name, path) for name, path in root.items()}
    check_parts("root", root, "give one file, root=FILE, in which a column tells the part")
    files = [
        TableFile(path, part)
        for part in PARTS
        for path in _paths(f"root.{given[part][0]}", given[part][1])
    ]
    paths = [file.path.resolve() for file in files]
    if twice := [path for path in dict.fromkeys(paths) if paths.count(path) > 1]:
        raise ErcbenchError(
            f"{twice[0]}: is given for several parts, expected a file for each. Correct root."
        )
    return files


def _paths(setting: str, path: Path) -> list[Path]:
    """Returns the files that a path or pattern stands for."""
    if path.is_dir():
        paths = [own for own in path.iterdir() if own.is_file() and not own.name.startswith(".")]
    elif path.exists():
        return [_checked(path)]
    else:
        paths = list(path.parent.glob(path.name)) if path.name else []
    found = sorted(own for own in paths if own.suffix.lower() in SUFFIXES)
    if not found:
        held = first_few(sorted(own.name for own in paths)) or "nothing"
        raise ErcbenchError(
            f"{setting}={path}: expected a file called *{', *'.join(SUFFIXES)}, or a folder of "
            f"such files; found {held}. Correct {setting}."
        )
    return found


def _checked(path: Path) -> Path:
    if path.suffix.lower() not in SUFFIXES:
        raise ErcbenchError(
            f"{path}: expected a file called *{', *'.join(SUFFIXES)}. Rename or convert it."
        )
    return path


def _words_beside_parts(path: Path) -> list[str]:
    words = re.split(r"[ ._-]+", path.stem)
    return [word for word in words if SPELLINGS.get(word.casefold(), word.casefold()) not in PARTS]


def _part_of(path: Path) -> str | None:
    """Returns the part that a file is called by, if it is called by one."""
    words = re.split(r"[^a-z]+", path.stem.casefold())
    found = {SPELLINGS.get(word, word) for word in words} & set(PARTS)
    return found.pop() if len(found) == 1 else None
