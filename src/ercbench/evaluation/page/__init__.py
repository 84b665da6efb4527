"""The report as one page: tables, figures and every test conversation, in a single file.

It needs no server and no network: style, script, figures and data stand in the file, and a
content security policy forbids everything else, so that no text of a corpus can ever run.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ercbench import __version__
from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.figures import Drawing
from ercbench.evaluation.figures.studies import DrawnStudy
from ercbench.evaluation.page.conversations import conversations
from ercbench.evaluation.page.vectors import inline_svg
from ercbench.evaluation.statistics.analysis import Analysis
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.render import interval_of, value_of
from ercbench.evaluation.tables.tables import Cell, Kind, Table
from ercbench.evaluation.tables.tuning import TUNING
from ercbench.files import remove_leftovers, replacing

HERE = Path(__file__).parent
SCRIPTS = ("sorting.js", "conversations.js")


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
    script = "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    page = _template().render(
        version=__version__,
        reports=[_context(report, f"figure{n}") for n, report in enumerate(reports)],
        says_texts=any(any(own.comparison.test.texts.tolist()) for own in reports),
        data=[conversations(report.name, report.comparison) for report in reports],
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    path = folder / "index.html"
    remove_leftovers(folder)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return path


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("ercbench.evaluation", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = {"value_of": value_of, "interval_of": interval_of, "sorting_key": _sorting_key}
    return environment.get_template("page.html", globals=functions)


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
        "more": [own for own in report.tables[1:] if own.name.split("-")[0] not in TUNING],
        "drawings": _inline([own for own in report.drawings if own.name not in TUNING], prefix),
        "tuning": _tuning(report, prefix),
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


def _inline(drawings: Sequence[Drawing], prefix: str) -> list[tuple[Drawing, str]]:
    return [(own, inline_svg(own.svg, f"{prefix}-{own.name}", own.title)) for own in drawings]


def _sorting_key(cell: Cell, kind: Kind) -> str:
    """Returns what a cell is sorted by: a number as it is, nothing where there is none."""
    if cell.value is None or cell.value == "":
        return ""
    return str(cell.value) if kind == "text" else f"{float(cell.value):.6g}"
