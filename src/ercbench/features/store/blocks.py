"""The rows in files of features, by part and modality where files or their contents say these."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ercbench.corpora.arrays import open_npz
from ercbench.corpora.table.parts import SPELLINGS, check_parts
from ercbench.errors import ErcbenchError
from ercbench.features.store.keyed import (
    ID_NAMES,
    MODALITIES,
    PICKLES,
    KeyedArray,
    checked,
    ids_of,
    read_keyed,
    stacked,
)
from ercbench.features.store.pickled import read_dicts

Files = Path | Mapping[str, Path]
"""One file, or one for each part by `train`, `dev` and `test`."""


@dataclass(frozen=True)
class Block:
    """Rows of one file.

    Attributes:
        path: The file.
        part: Of which part they are; None if nothing says it.
        modality: Of which modality; None if the file does not say it.
        keyed: Ids and values.
    """

    path: Path
    part: str | None
    modality: str | None
    keyed: KeyedArray


def read_blocks(setting: str, files: Files, ids: Files | None = None) -> list[Block]:
    """Reads features keyed by utterance id.

    Args:
        setting: That names the files, for messages.
        files: See `read_keyed`. An npz with ids may also hold [N, D] arrays called by modality,
            and a pickle dicts by modality or part, or by both.
        ids: For npy: the text files with ids, given as the files are.

    Raises:
        ErcbenchError: A file is absent, damaged or of another form, or a part has none.
    """
    if isinstance(files, Path):
        return _read(files, None, _ids_of_part(ids, None))
    check_parts(setting, files, f"give one file for all, {setting}=FILE")
    return [
        block
        for part, path in files.items()
        for block in _read(path, SPELLINGS.get(part, part), _ids_of_part(ids, part))
    ]


def of_modality(blocks: list[Block], modality: str) -> list[Block]:
    """Returns the blocks of one modality; those that say none are of whatever is asked for."""
    named = [block for block in blocks if block.modality == modality]
    return named or [block for block in blocks if block.modality is None]


def paths_of(files: Files) -> list[Path]:
    """Returns the files in their order."""
    return [files] if isinstance(files, Path) else list(files.values())


def _read(path: Path, part: str | None, ids: Path | None) -> list[Block]:
    if path.suffix.lower() in PICKLES:
        found = [
            Block(path, own or part, modality, checked(path, stacked(path, rows)))
            for own, modality, rows in read_dicts(path)
        ]
        if part is not None and any(block.part != part for block in found):
            raise ErcbenchError(
                f"{path}: holds several parts itself, but is given as that of {part}. Give it "
                "once, for all parts."
            )
        return found
    return _of_npz(path, part) or [Block(path, part, None, read_keyed(path, ids))]


def _of_npz(path: Path, part: str | None) -> list[Block]:
    """Returns the arrays called by modality, of an npz file that has ids and such arrays."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return []
    with open_npz(path) as file:
        key = next((name for name in ID_NAMES if name in file.names), None)
        found = [name for name in file.names if name in MODALITIES]
        if key is None or not found:
            return []
        ids = ids_of(path, key, file[key])
        return [
            Block(path, part, MODALITIES[name], checked(path, KeyedArray(ids, file[name])))
            for name in found
        ]


def _ids_of_part(ids: Files | None, part: str | None) -> Path | None:
    if isinstance(ids, Mapping):
        return ids.get(part) if part else None
    return ids if part is None else None
