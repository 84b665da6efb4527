"""Which part a table's conversations belong to, and what they are called across the parts."""

from collections.abc import Mapping, Sequence

from ercbench.corpora.conversation import PARTS, Split
from ercbench.corpora.table.cells import Row
from ercbench.errors import ErcbenchError

SPELLINGS = {"dev": "validation", "valid": "validation", "val": "validation"}


def with_parts(where: str, rows: Sequence[Row]) -> list[Row]:
    """Returns the rows with the part's name as we write it.

    Raises:
        ErcbenchError: One names no part.
    """
    return [
        {**row, "split": _part(f"{where}, data row {number}", row["split"])}
        for number, row in enumerate(rows, start=1)
    ]


def renumbered(where: str, rows: Sequence[Row]) -> list[Row] | None:
    """Returns the rows with conversations called `train/0` if each part numbers its own from anew.

    That is so if a conversation's id is in several parts and an utterance of that id says
    something else in each.

    Args:
        where: The table, for the message.
        rows: With the part's name as we write it.

    Returns:
        The rows; None if no conversation's id is in several parts.

    Raises:
        ErcbenchError: A conversation is in several parts itself: its rows are divided among them
            or are in each.
    """
    found: dict[str, dict[str, dict[str, Row]]] = {}
    for row in rows:
        parts = found.setdefault(row["conversation"], {})
        parts.setdefault(row["split"], {})[row["utterance"]] = {**row, "split": ""}
    shared = {id: parts for id, parts in found.items() if len(parts) > 1}
    if not shared:
        return None
    if not any(_contradicts(parts) for parts in shared.values()):
        _refuse(where, rows, list(shared), "some of its utterances in each")
    _refuse(where, rows, [id for id, p in shared.items() if _is_copied(p)], "the same in each")
    return [{**row, "conversation": f"{row['split']}/{row['conversation']}"} for row in rows]


def split_of(rows: Sequence[Row]) -> Split:
    """Returns the conversations of each part, in the order of their first rows."""
    part_of = {row["conversation"]: row["split"] for row in rows}
    train, validation, test = (
        tuple(id for id, part in part_of.items() if part == wanted) for wanted in PARTS
    )
    return Split(train, validation, test)


def _part(where: str, cell: str) -> str:
    name = cell.strip().casefold()
    if (part := SPELLINGS.get(name, name)) not in PARTS:
        raise ErcbenchError(
            f"{where}: split '{cell}'; expected one of {', '.join(PARTS)}. Correct that row."
        )
    return part


def _contradicts(parts: Mapping[str, Mapping[str, Row]]) -> bool:
    """Returns whether utterances of one id say something else in each part."""
    first, *others = parts.values()
    return any(other[id] != first[id] for other in others for id in first.keys() & other.keys())


def _is_copied(parts: Mapping[str, Mapping[str, Row]]) -> bool:
    first, *others = parts.values()
    return len(first) > 1 and any(other == first for other in others)


def _refuse(where: str, rows: Sequence[Row], ids: Sequence[str], how: str) -> None:
    if not ids:
        return
    id, others = ids[0], f" (and {len(ids) - 1} more)" if len(ids) > 1 else ""
    own = [(place, row["split"]) for place, row in enumerate(rows, 1) if row["conversation"] == id]
    first = own[0][1]
    place, second = next((place, part) for place, part in own if part != first)
    raise ErcbenchError(
        f"{where}, data row {place}: conversation '{id}'{others} is in {second}, though above in "
        f"{first}, {how}. A conversation is in one part: correct the column split; or, if these "
        f"are different conversations of one number, write the part before it: {first}/{id}."
    )
