"""Names that people give: of labels, speakers, utterances, features."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ercbench.errors import ErcbenchError


def composed(name: str) -> str:
    """Returns a name in Unicode's composed form (NFC), in which names are compared."""
    return unicodedata.normalize("NFC", name)


def names_of(setting: str, value: Any) -> list[str]:
    """Returns the names that a setting gives, one or a list; numbers become their text.

    Raises:
        ErcbenchError: It is neither, or something in the list is no name.
    """
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    for name in several:
        if not isinstance(name, (str, int, float)) or name == "":
            raise ErcbenchError(
                f"{setting}: found {name!r}; expected a name or a list of names, as in "
                f"{setting}=[a,b]. Correct {setting}."
            )
    return [composed(_text(name)) for name in several]


def near_equal(names: Iterable[str]) -> list[list[str]]:
    """Returns the groups of distinct names that differ in case, blanks or Unicode form alone.

    Numbers are near-equal if their values are: `1` and `1.0`.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[_essence(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _essence(name: str) -> str:
    visible = "".join(c for c in name if unicodedata.category(c) != "Cf")
    words = " ".join(unicodedata.normalize("NFKC", visible).casefold().split())
    try:
        return repr(float(words))
    except ValueError:
        return words
