"""What a command leaves: the numbers and bytes that must always be the same, and what is litter."""

import hashlib
import json
from pathlib import Path
from typing import Any

COMPARED = (".safetensors", ".json", ".parquet", ".csv", ".md", ".tex")
# They hold times, which differ, or follow from what is compared.
OTHERS = ("checksums.json",)


def contents(folder: Path) -> dict[str, str]:
    """Returns what stands for each file that holds results, by its name in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in COMPARED and path.name not in OTHERS and path.is_file():
            found[str(path.relative_to(folder))] = _digest(path)
    return found


def difference(found: dict[str, str], expected: dict[str, str]) -> str:
    """Names the files that are not as expected."""
    names = sorted({*found, *expected})
    return ", ".join(name for name in names if found.get(name) != expected.get(name))


def litter(folder: Path) -> set[str]:
    """Returns the temporary files, and the parts of unfinished extractions, in a folder."""
    left = [*folder.rglob(".*.tmp"), *folder.rglob(".parts-*")]
    return {str(path.relative_to(folder)) for path in left}


def _digest(path: Path) -> str:
    if path.name == "result.json":
        record: dict[str, Any] = json.loads(path.read_text())
        del record["sha256"], record["execution"]
        del record["results"]["checkpoint_sha256"]
        return json.dumps(record)
    return hashlib.sha256(path.read_bytes()).hexdigest()
