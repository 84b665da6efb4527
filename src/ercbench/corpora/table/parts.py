"""Which part a table's conversations belong to, and what they are called across the parts."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ercbench.corpora.conversation import PARTS, Split
from ercbench.corpora.table.cells import Row, place_of
from ercbench.errors import ErcbenchError

SPELLINGS = {"dev": "validation", "valid": "validation", "val": "validation"}


def check_parts(setting: str, given: Iterable[str], otherwise: str) -> None:
    """Checks that a setting gives a file for each part.

    Args:
        setting: Its name.
        given: The parts that it gives, however they are spelled.
        otherwise: What else one can do.

    Raises:
        ErcbenchError: It gives none for some part.
    """
    found = {SPELLINGS.get(name, name): name for name in given}
    if missing := [name for name in PARTS if name not in found]:
        there = ", ".join(f"{setting}.{name}" for name in found.values())
        asked = " and ".join(f"{setting}.{'dev' if n == 'validation' else n}" for n in missing)
        raise ErcbenchError(
            f"{setting}: found {there}, expected a file for each part. Set {asked} too; or "
            f"{otherwise}."
        )


def with_part(row: Row, part: str | None) -> Row:
    """Returns a row with its part's name as we write it.

    Args:
        row: Whose column may say the part.
        part: Which part its file holds; None where the column says it.

    Raises:
        ErcbenchError: It names no part, or another than its file's.
    """
    if part is not None and row["split"].strip() == "":
        return {**row, "split": part}
    own = _part(row)
    if part not in (None, own):
        raise ErcbenchError(
            f"{place_of(row)}: split '{row['split']}' in the file of {part}. Correct that row, or "
            "give the file for its own part."
        )
    return {**row, "split": own}


def renumbered(rows: Sequence[Row]) -> list[Row] | None:
    """Returns the rows with conversations called `train/0` if each part numbers its own from anew.

    That is so if a conversation's id is in several parts and an utterance of that id says
    something else in each.

    Args:
        rows: With the part's name as we write it.

    Returns:
        The rows; None if no conversation's id is in several parts.

    Raises:
        ErcbenchError: A conversation is in several parts itself: its rows are divided among them
            or are in each.
    """
    part_of: dict[str, str] = {}
    several = {
        row["conversation"]
        for row in rows
        if part_of.setdefault(row["conversation"], row["split"]) != row["split"]
    }
    if not several:
        return None
    shared: dict[str, dict[str, dict[str, Row]]] = {}
    for row in (row for row in rows if row["conversation"] in several):
        parts = shared.setdefault(row["conversation"], {})
        parts.setdefault(row["split"], {})[row["utterance"]] = _said(row)
    if not any(_contradicts(parts) for parts in shared.values()):
        _refuse(rows, list(shared), "some of its utterances in each")
    _refuse(rows, [id for id, p in shared.items() if _is_copied(p)], "the same in each")
    return [{**row, "conversation": f"{row['split']}/{row['conversation']}"} for row in rows]


def split_of(rows: Sequence[Row]) -> Split:
    """Returns the conversations of each part, in the order of their first rows."""
    part_of = {row["conversation"]: row["split"] for row in rows}
    train, validation, test = (
        tuple(id for id, part in part_of.items() if part == wanted) for wanted in PARTS
    )
    return Split(train, validation, test)


def _part(row: Row) -> str:
    name = row["split"].strip().casefold()
    if (part := SPELLINGS.get(name, name)) not in PARTS:
        raise ErcbenchError(
            f"{place_of(row)}: split '{row['split']}'; expected one of {', '.join(PARTS)}. "
            "Correct that row."
        )
    return part


def _said(row: Row) -> Row:
    """Returns what a row says, wherever it stands."""
    return {**row, "split": "", "file": "", "row": ""}


def _contradicts(parts: Mapping[str, Mapping[str, Row]]) -> bool:
    """Returns whether utterances of one id say something else in each part."""
    first, *others = parts.values()
    return any(other[id] != first[id] for other in others for id in first.keys() & other.keys())


def _is_copied(parts: Mapping[str, Mapping[str, Row]]) -> bool:
    first, *others = parts.values()
    return len(first) > 1 and any(other == first for other in others)


def _refuse(rows: Sequence[Row], ids: Sequence[str], how: str) -> None:
    if not ids:
        return
    id, others = ids[0], f" (and {len(ids) - 1} more)" if len(ids) > 1 else ""
    own = [row for row in rows if row["conversation"] == id]
    first = own[0]
    second = next(row for row in own if row["split"] != first["split"])
    above = "above" if second["file"] == first["file"] else f"in {Path(first['file']).name}"
    raise ErcbenchError(
        f"{place_of(second)}: conversation '{id}'{others} is in {second['split']}, though {above} "
        f"in {first['split']}, {how}. A conversation is in one part: correct the parts; or, if "
        "these are different conversations of one number, write the part before it: "
        f"{first['split']}/{id}."
    )
