"""What a run's name stands for: its settings, its data, and the code that decides its numbers."""

import ast
import json
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ercbench.files import sha256_of_text

# Rooms of this package whose code decides no number: they write down, show, or start what others
# compute.
UNDECIDING = tuple(
    f"ercbench.{room}."
    for room in (
        *("cli", "commands", "config", "console", "dashboards", "evaluation", "launching"),
        *("processes", "records", "tuning"),
    )
)


def fingerprint(settings: dict[str, Any], data: dict[str, Any], code: str) -> str:
    """Returns 12 hexadecimal digits that stand for settings, data and code.

    Args:
        settings: The resolved settings that decide the numbers.
        data: Hashes of the data.
        code: What `code_fingerprint` returns.
    """
    parts = {"settings": settings, "data": data, "code": code}
    return sha256_of_text(json.dumps(parts, sort_keys=True))[:12]


def code_fingerprint(modules: Iterable[str]) -> str:
    """Returns 12 hexadecimal digits that stand for modules and for whatever they import.

    Imports are followed into this package, as far as its code decides numbers, into the packages
    of `modules` themselves, and into modules that are installed nowhere, such as a file beside
    the one that was named. The code of installed libraries is not followed; a record has their
    versions. Comments, docstrings and layout do not count.

    Args:
        modules: Names of modules, such as those of the model's and the data module's class.
    """
    found = sorted(_closure(modules))
    said = [(name, _meaning(name, _file(name))) for name in found]
    return sha256_of_text(json.dumps(said))[:12]


def _closure(modules: Iterable[str]) -> set[str]:
    """Returns the modules and all that they import, directly or not."""
    waiting, found = list(modules), set[str]()
    own = {name.split(".")[0] for name in waiting} | {"ercbench"}
    while waiting:
        name = waiting.pop()
        if name in found or _file(name) is None or not _decides(name, own):
            continue
        found.add(name)
        waiting += _imports(name)
    return found


def _decides(name: str, own: set[str]) -> bool:
    if name.split(".")[0] in own:
        return not f"{name}.".startswith(UNDECIDING)
    file = _file(name)
    return file is not None and not _is_installed(file)


def _is_installed(file: Path) -> bool:
    """Whether a file is Python's or a library's, wherever pip or the system put that."""
    standard = (sysconfig.get_path(key) for key in ("stdlib", "platstdlib"))
    library = {"site-packages", "dist-packages"} & set(file.parts)
    return bool(library) or any(file.is_relative_to(path) for path in standard)


@cache
def _imports(name: str) -> tuple[str, ...]:
    """Returns the names that a module imports, and their parts that may be modules too."""
    file = _file(name)
    assert file is not None
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return tuple(_named_in(ast.parse(file.read_text(encoding="utf-8")), package))


def _named_in(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@cache
def _file(name: str) -> Path | None:
    """Returns the Python file of a module, found without importing it; None if it has none."""
    top, *rest = name.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or (rest and not spec.submodule_search_locations):
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for root in spec.submodule_search_locations or ():
        path = Path(root, *rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


@cache
def _meaning(name: str, file: Path) -> str:
    """Returns a module's code without comments, docstrings and layout.

    Read once a process: what runs does not change when its file does.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
