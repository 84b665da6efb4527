"""Tables as files: Markdown, LaTeX and CSV, named after what they are on."""

from collections.abc import Sequence
from pathlib import Path

from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.tables.render import to_csv, to_latex, to_markdown
from ercbench.evaluation.tables.table import Table
from ercbench.files import remove_leftovers, replacing, safe_name


def write_tables(
    comparisons: Sequence[Comparison], found: Sequence[Sequence[Table]], folder: Path
) -> None:
    """Writes the tables of every comparison as Markdown, LaTeX and CSV."""
    writers = {"md": to_markdown, "tex": to_latex, "csv": to_csv}
    remove_leftovers(folder)
    for stem, own in zip(stems(comparisons), found, strict=True):
        for table in own:
            for suffix, write in writers.items():
                with replacing(folder / f"{stem}-{table.name}.{suffix}") as temporary:
                    temporary.write_text(write(table))


def stems(comparisons: Sequence[Comparison]) -> list[str]:
    """Returns a name for each comparison's files: `iemocap6-cosmic`, numbered where not unique."""
    found: list[str] = []
    for test in (comparison.test for comparison in comparisons):
        crossed = "-trained-elsewhere" if test.trained_on else ""
        stem = safe_name(f"{test.corpus}{len(test.labels)}-{test.split}{crossed}")
        taken = sum(name.split("~")[0] == stem for name in found)
        found.append(f"{stem}~{taken + 1}" if taken else stem)
    return found
