"""Prints what many runs came to, and writes it down."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text

from ercbench.config.compose import compose
from ercbench.console import wide_console
from ercbench.evaluation.compare.groups import Comparison
from ercbench.evaluation.compare.ladder import with_ladder
from ercbench.evaluation.compare.pooling import with_pooled
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.robustness.curves import Robustness, stored_robustness
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.statistics.results import Analysis
from ercbench.evaluation.tables.files import stems, write_tables
from ercbench.evaluation.tables.ladder import ladder_tables
from ercbench.evaluation.tables.robustness import robustness_tables
from ercbench.evaluation.tables.table import Table
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tables.terminal import print_table
from ercbench.evaluation.tables.tuning import tuning_tables
from ercbench.extras import require
from ercbench.files import expanded
from ercbench.metrics import MAIN, METRICS
from ercbench.records.study import read_studies

if TYPE_CHECKING:
    from ercbench.evaluation.page import Report

# More rows than this are for files.
ROWS_TO_PRINT = 15
LESSER = [own.name for own in METRICS.values() if own.compared and own.name not in MAIN.values()]
FOR_FILES = (
    *(f"{kind}-{score}" for kind in ("pairs", "outputs") for score in LESSER),
    *("budget", "trials", "levels"),
)


def report_command(config: DictConfig) -> None:
    """Prints the report that the settings ask for.

    Args:
        config: As `ReportSettings` describes it.

    Raises:
        ErcbenchError: There is no run that can be used, or wandb refuses.
    """
    out = expanded(config.out) if config.out else None
    studies = expanded(config.studies)
    report(expanded(config.runs), studies, out, config.wandb, config.ladder)


def report(
    folder: Path,
    studies: Path,
    out: Path | None = None,
    to_wandb: bool = False,
    ladder: Sequence[str] = (),
) -> None:
    """Prints the tables of the finished runs in a folder, and writes and logs them if asked to.

    Args:
        folder: Of the runs.
        studies: Folder of the tuning studies; it may be absent.
        out: Where to write tables as Markdown, LaTeX and CSV, figures, and `index.html`, if
            anywhere.
        to_wandb: Whether tables, figures, conclusions and, if written, the page go to wandb.
        ladder: Groups that each add something to the one before, as `step_of` names them.

    Raises:
        ErcbenchError: There is no run that can be used, a step of the ladder is no group, or
            wandb refuses.
    """
    tuned = read_studies(studies)
    comparisons = [with_studies(own, tuned) for own in with_pooled(read_comparisons(folder))]
    comparisons = with_ladder(comparisons, ladder)
    analyses = [analyse(comparison) for comparison in comparisons]
    resamples = compose("robust").resamples
    robust = [stored_robustness(comparison, resamples) for comparison in comparisons]
    found = [
        [
            *tables(comparison, analysis),
            *ladder_tables(comparison, analysis),
            *tuning_tables(comparison),
            *robustness_tables(damaged),
        ]
        for comparison, analysis, damaged in zip(comparisons, analyses, robust, strict=True)
    ]
    console = wide_console()
    for own in found:
        _print_tables(console, own)
    _print_warnings(console, comparisons)
    if out is not None:
        write_tables(comparisons, found, out / "tables")
    if out is not None or to_wandb:
        with nullcontext(out) if out else TemporaryDirectory() as place:
            reports = draw_reports(comparisons, analyses, robust, found, Path(place) / "figures")
            page = _write_page(reports, out, console) if out else None
            if to_wandb:
                _log(reports, folder, out, page)


def draw_reports(
    comparisons: Sequence[Comparison],
    analyses: Sequence[Analysis],
    robust: Sequence[Sequence[Robustness]],
    found: Sequence[Sequence[Table]],
    folder: Path,
) -> "list[Report]":
    """Draws the figures of every comparison and puts them to its tables."""
    from ercbench.evaluation.figures import draw
    from ercbench.evaluation.figures.robustness import draw_robustness
    from ercbench.evaluation.figures.studies import draw_studies
    from ercbench.evaluation.page import Report

    reports = []
    parts = zip(stems(comparisons), comparisons, analyses, robust, found, strict=True)
    for name, comparison, analysis, damaged, own in parts:
        drawings = draw(comparison, analysis, folder / name)
        drawings += draw_robustness(damaged, folder / name)
        studies = draw_studies(comparison, folder / name)
        reports.append(Report(name, comparison, analysis, own, drawings, studies))
    return reports


def _write_page(reports: "Sequence[Report]", out: Path, console: Console) -> Path:
    from ercbench.evaluation.page import write_page

    page = write_page(reports, out)
    console.print(f"Tables and figures are in {out}; open {page} in a browser.")
    return page


def _log(reports: "Sequence[Report]", runs: Path, out: Path | None, page: Path | None) -> None:
    require("wandb", "wandb", "wandb=true")
    from ercbench.dashboards.report import show_report

    show_report(reports, runs, out or Path(), page)


def _print_tables(console: Console, own: Sequence[Table]) -> None:
    """Prints what is short and neither about a second score nor about single trials."""
    for table in own:
        if table.name.startswith(FOR_FILES):
            continue
        if table.name.startswith("pairs") and len(table.rows) > ROWS_TO_PRINT:
            console.print(f"{len(table.rows)} pairs: out=FOLDER writes them to a table.")
        else:
            print_table(console, table)


def _print_warnings(console: Console, comparisons: Sequence[Comparison]) -> None:
    for warning in dict.fromkeys(w for comparison in comparisons for w in comparison.warnings):
        colour = "bold red" if warning.startswith("SERIOUS") else "yellow"
        console.print(Text("warning:", style=colour), Text(warning))
