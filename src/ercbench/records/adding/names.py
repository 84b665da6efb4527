"""What is told of predictions that are added: their files, their seeds, their model's name."""

import re
from collections.abc import Sequence
from glob import has_magic
from pathlib import Path
from typing import Any

from ercbench.corpora.names import composed
from ercbench.errors import ErcbenchError
from ercbench.files import expanded
from ercbench.models.registry import MODELS
from ercbench.records.added_record import AddedRecord
from ercbench.records.result_file import Record
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord

# Longer names make no table.
LONGEST_NAME = 60


def files_of(setting: str, given: Any) -> list[Path]:
    """Returns the files that names and patterns stand for, those of a pattern sorted.

    Raises:
        ErcbenchError: There is none.
    """
    files: list[Path] = []
    for name in [given] if isinstance(given, str) else given:
        path = expanded(str(name))
        found = [path]
        if has_magic(str(path)) and not path.exists():
            root = Path(path.anchor)
            found = sorted(root.glob(str(path.relative_to(root))))
        if not found:
            raise ErcbenchError(f"{setting}={name}: nothing is called so. Correct the pattern.")
        files += found
    if not files:
        raise ErcbenchError(f"{setting}=[]: expected at least one. Name one.")
    return files


def seeds_of(given: Any, files: Sequence[Path]) -> list[int]:
    """Returns the seed of each file: as given, or as in its name, or 0 for a single one.

    Raises:
        ErcbenchError: There is not a seed of its own for each.
    """
    seeds = [given] if isinstance(given, int) else given
    if seeds is None:
        named = [re.findall(r"seed[-_=]?(\d+)", str(path), re.IGNORECASE) for path in files]
        seeds = [int(own[-1]) for own in named if own] or ([0] if len(files) == 1 else [])
    whole = all(isinstance(seed, int) and seed >= 0 for seed in seeds)
    if not whole or len(seeds) != len(files) or len(set(seeds)) < len(seeds):
        raise ErcbenchError(
            f"seed: found {list(seeds) or 'none'} for {len(files)} file(s) ("
            f"{', '.join(path.name for path in files[:3])}); expected a seed for each, all "
            "different. Set seed=[0,1,2] in the order of the files, or call them …seed0 and so on."
        )
    return list(seeds)


def checked_name(name: Any) -> str:
    """Returns a model's name, if tables can show it and none of ours has it.

    Raises:
        ErcbenchError: They cannot, or one has.
    """
    own = composed(str(name or "")).strip()
    if not own or not own.isprintable() or len(own) > LONGEST_NAME:
        raise ErcbenchError(
            f"name={name!r:.80}: expected what the model is called in tables, of 1 to "
            f"{LONGEST_NAME} printable characters. Set name=NAME."
        )
    ours = [m for m in MODELS if own.casefold() in (m.name.casefold(), m.title.casefold())]
    if ours:
        raise ErcbenchError(
            f"name={own}: is a model of this benchmark ({ours[0].title}), whose rows are runs of "
            f"ercbench train. Tell yours from it, as in name='{own} (released code)'."
        )
    return own


def known_records(runs: Path) -> list[tuple[Path, Record]]:
    """Returns the records there are; one that cannot be read, a report will name."""
    known = []
    for folder in sorted(runs.iterdir()) if runs.is_dir() else []:
        if RunFolder(folder).finished:
            try:
                known.append((folder, RunFolder(folder).read_any()))
            except ErcbenchError:
                continue
    return known


def check_free(record: AddedRecord, known: Sequence[tuple[Path, Record]]) -> None:
    """Checks that no other answers to the same corpus have this name.

    Raises:
        ErcbenchError: A run of ours has, or other predictions with the same seed.
    """
    own = record.setup
    for folder, other in known:
        same = other.fingerprint == record.fingerprint
        if same or not isinstance(other, (RunRecord, AddedRecord)):
            continue
        setup = other.setup
        if (setup.corpus, setup.model.casefold()) != (own.corpus, own.model.casefold()):
            continue
        step = "Give another name, as in name='NAME 2', "
        if not isinstance(other, AddedRecord):
            raise ErcbenchError(
                f"name={own.model}: {folder} is a run of that model, trained here. {step}so that "
                "tables tell the two apart."
            )
        alike = ("seed", "split", "labels", "manifest_sha256")
        if all(getattr(setup, name) == getattr(own, name) for name in alike):
            raise ErcbenchError(
                f"name={own.model} seed={own.seed}: other predictions were added on "
                f"{other.added[:10]} from {other.setup.file}. {step}or delete {folder} first."
            )
