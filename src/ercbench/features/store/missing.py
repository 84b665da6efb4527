"""Rows without a vector: their report, and which are worth another try."""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from ercbench.features.store.parts import ExtractionPlan, MissingRow
from ercbench.files import replacing

COLUMNS = ("row", "utterance", "reason", "bytes")


def report_path(folder: Path, plan: ExtractionPlan) -> Path:
    """Returns where the report of a plan's missing rows lies: `<modality>.<name>.missing.csv`."""
    return folder / f"{plan.modality}.{plan.name}.missing.csv"


def write_report(
    path: Path, plan: ExtractionPlan, missing: Mapping[int, MissingRow], ids: Mapping[int, str]
) -> None:
    """Writes a line per missing row and prints a summary; without any there is no report."""
    if not missing:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(
            (row, ids[row], why.reason, why.size) for row, why in sorted(missing.items())
        )
    console = Console(stderr=True)
    console.print(f"{plan.key}: {len(missing)} of {plan.rows} rows are missing ({path.name})")
    reasons = Counter(why.reason for why in missing.values())
    for reason, count in reasons.most_common(5):
        console.print(f"  {count} x {reason}", markup=False)


def read_report(path: Path) -> dict[int, MissingRow]:
    """Returns the missing rows of a report; none where it is absent or damaged."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {
                int(line["row"]): MissingRow(line["reason"], int(line["bytes"]))
                for line in csv.DictReader(stream)
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return {}
