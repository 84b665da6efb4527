"""The report as one page: tables, figures and every test conversation, in a single file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures import Drawing
from ercbench.evaluation.figures.studies import DrawnStudy
from ercbench.evaluation.page.conversations import conversations
from ercbench.evaluation.page.rendering import HERE, render, write_index
from ercbench.evaluation.page.vectors import inline_svg
from ercbench.evaluation.statistics.results import Analysis
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.render import interval_of, value_of
from ercbench.evaluation.tables.robustness import ROBUST
from ercbench.evaluation.tables.table import Cell, Kind, Table
from ercbench.evaluation.tables.tuning import TUNING

# What has a section of its own.
APART = (*TUNING, *ROBUST)


@dataclass(frozen=True)
class Report:
    """All there is to show of a comparison.

    Attributes:
        name: Unique on the page; stands in links.
        comparison: The models.
        analysis: What is said of them.
        tables: As they are written to files too.
        drawings: Its figures.
        studies: Of the tuning of its models, drawn.
    """

    name: str
    comparison: Comparison
    analysis: Analysis
    tables: Sequence[Table]
    drawings: Sequence[Drawing]
    studies: Sequence[DrawnStudy] = ()


def write_page(reports: Sequence[Report], folder: Path) -> Path:
    """Writes `index.html` and returns where it is.

    Args:
        reports: What it shows, in this order.
        folder: Where it goes; it is made if needed.
    """
    functions = {"value_of": value_of, "interval_of": interval_of, "sorting_key": _sorting_key}
    page = render(
        HERE / "page.html",
        [HERE / "base.css", HERE / "page.css"],
        [HERE / "sorting.js", HERE / "conversations.js"],
        reports=[_context(report, f"figure{n}") for n, report in enumerate(reports)],
        says_texts=any(any(own.comparison.test.texts.tolist()) for own in reports),
        data=[conversations(report.name, report.comparison) for report in reports],
        **functions,
    )
    return write_index(page, folder)


def _context(report: Report, prefix: str) -> dict[str, Any]:
    """Returns what the template shows of a report."""
    test, groups = report.comparison.test, final_groups(report.comparison)
    seeds = {len(group.seeds) for group in groups}
    return {
        "name": report.name,
        "title": test.title,
        "test": test,
        "dialogues": len(set(test.conversations.tolist())),
        "models": [group.name for group in groups],
        "seeds": f"{min(seeds)} to {max(seeds)}" if len(seeds) > 1 else str(*seeds),
        "features": list(dict.fromkeys(key for group in groups for key in group.features)),
        "warnings": report.comparison.warnings,
        "conclusion": conclusion(report.comparison, report.analysis),
        "scores": report.tables[0],
        "more": [own for own in report.tables[1:] if _subject(own) not in APART],
        "drawings": _inline([own for own in report.drawings if _subject(own) not in APART], prefix),
        "tuning": _tuning(report, prefix),
        "robustness": _robustness(report, prefix),
    }


def _tuning(report: Report, prefix: str) -> dict[str, Any] | None:
    """Returns what the template shows of tuning, None where no study is known."""
    if not report.studies:
        return None
    tables = {own.name: own for own in report.tables}
    return {
        "table": tables["tuning"],
        "drawings": _inline([own for own in report.drawings if own.name in TUNING], prefix),
        "studies": [
            (
                own,
                _inline(own.drawings, f"{prefix}-study{n}"),
                tables[f"trials-{own.study.study}"],
            )
            for n, own in enumerate(report.studies)
        ],
    }


def _robustness(report: Report, prefix: str) -> list[tuple[Table, Table, Drawing, str]]:
    """Returns of each damage its curves, every score at every level, and its figure."""
    curves, levels = (
        [own for own in report.tables if _subject(own) == subject] for subject in ROBUST
    )
    drawn = _inline([own for own in report.drawings if _subject(own) in ROBUST], prefix)
    parts = zip(curves, levels, drawn, strict=True)
    return [(table, every, *shown) for table, every, shown in parts]


def _subject(shown: Table | Drawing) -> str:
    """Returns the first word of a name, which says what a table or a figure is about."""
    return shown.name.split("-")[0]


def _inline(drawings: Sequence[Drawing], prefix: str) -> list[tuple[Drawing, str]]:
    return [(own, inline_svg(own.svg, f"{prefix}-{own.name}", own.title)) for own in drawings]


def _sorting_key(cell: Cell, kind: Kind) -> str:
    """Returns what a cell is sorted by: a number as it is, nothing where there is none."""
    if cell.value is None or cell.value == "":
        return ""
    return str(cell.value) if kind == "text" else f"{float(cell.value):.6g}"
