"""Things by name: ours, found in the modules of a package, and other packages', by entry point."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, Protocol, TypeVar

from ercbench.errors import ErcbenchError


class Named(Protocol):
    """An entry of a registry."""

    @property
    def name(self) -> str:
        """What it is called in settings, file names and tables."""
        ...


Entry = TypeVar("Entry", bound=Named)


@dataclass(frozen=True)
class Registry(Generic[Entry]):
    """All entries of one kind, each registered once, by the module that it describes.

    Another package registers its own with an entry point of `group` that names an entry or a
    sequence of entries. One that cannot be imported, or takes a name that is taken, is
    left out with a warning, so that nobody's package stops everybody's command.

    Args:
        kind: What an entry is called in messages.
        package: Our package, in whose modules `attribute` is looked up.
        attribute: Name of the tuple of entries in each module that has any.
        group: Of the entry points.
        types: The class of an entry.
    """

    kind: str
    package: str
    attribute: str
    group: str
    types: type[Entry]

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Name to entry, in the order of names."""
        found: dict[str, Entry] = {}
        for source, entry in (*self._ours(), *self._others()):
            if entry.name in found:
                self._left_out(source, f"the name '{entry.name}' is taken")
            else:
                found[entry.name] = entry
        return dict(sorted(found.items()))

    @property
    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        return list(self.entries)

    def __getitem__(self, name: str) -> Entry:
        """Returns an entry.

        Raises:
            ErcbenchError: There is none of that name; the message lists those there are.
        """
        if name in self.entries:
            return self.entries[name]
        close = get_close_matches(name, self.entries)
        hint = f" Did you mean '{close[0]}'?" if close else " Take one of these."
        raise ErcbenchError(f"No {self.kind} '{name}'; there are: {', '.join(self.entries)}.{hint}")

    def __iter__(self) -> Iterator[Entry]:
        """Yields the entries in the order of their names."""
        return iter(self.entries.values())

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name."""
        return name in self.entries

    def _ours(self) -> Iterator[tuple[str, Entry]]:
        package = import_module(self.package)
        for module in sorted(info.name for info in iter_modules(package.__path__)):
            found = getattr(import_module(f"{self.package}.{module}"), self.attribute, ())
            if isinstance(found, tuple):  # and not the registry itself, which has the same name
                yield from ((module, entry) for entry in found)

    def _others(self) -> Iterator[tuple[str, Entry]]:
        from importlib.metadata import entry_points  # which takes longer to import than all else

        for point in sorted(entry_points(group=self.group), key=lambda point: point.name):
            source = f"{point.name} of {point.dist.name if point.dist else point.value}"
            try:
                loaded: Any = point.load()
            except Exception as error:  # whatever another package raises when it is imported
                self._left_out(source, f"{type(error).__name__}: {error}")
                continue
            for entry in loaded if isinstance(loaded, (list, tuple)) else [loaded]:
                if isinstance(entry, self.types):
                    yield source, entry
                else:
                    self._left_out(source, f"is no {self.types.__name__}, but {entry!r}")

    def _left_out(self, source: str, why: str) -> None:
        warnings.warn(f"{self.kind} {source}: left out, {why}", stacklevel=2)
