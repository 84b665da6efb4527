"""Which feature stores there are; importing this is quick."""

from pathlib import Path

# The files of a corpus, which every store has.
MANIFEST = "manifest.parquet"
CORPUS = "corpus.json"
# The plan of an extraction, in the folder of its parts.
PLAN = "plan.json"


def find_stores(folder: Path, damaged: bool = False) -> list[Path]:
    """Returns the stores in a folder, by name; with `damaged` also what lacks part of a corpus."""
    corpora, manifests = (
        {p.parent for p in folder.glob(f"*/{name}")} for name in (CORPUS, MANIFEST)
    )
    found = corpora | manifests if damaged else corpora & manifests
    return sorted(path for path in found if not path.name.startswith("."))


def find_parts(store: Path) -> list[Path]:
    """Returns the folders of unfinished extractions in a store."""
    return sorted(path.parent for path in store.glob(f".parts-*/{PLAN}"))
