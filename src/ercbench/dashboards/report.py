"""What Weights & Biases shows of a comparison; a view, never the source. Needs no torch."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import wandb

from ercbench.errors import ErcbenchError
from ercbench.evaluation.page import Report
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.render import to_columns
from ercbench.evaluation.tables.table import Table
from ercbench.evaluation.tables.wording import tags_of

MODES = ("offline", "online", "disabled")


def show_report(
    reports: Sequence[Report], runs: Path, folder: Path, page: Path | None = None
) -> None:
    """Logs tables, figures and conclusions to a wandb run of type `report`.

    It is offline unless the environment's `WANDB_MODE` says otherwise.

    Args:
        reports: The comparisons, drawn.
        runs: The folder the runs were read from.
        folder: Where wandb's own folder goes.
        page: The written page, which becomes an artifact.

    Raises:
        ErcbenchError: There is no such mode, or wandb refuses, for instance for want of a login.
    """
    mode = os.environ.get("WANDB_MODE", "offline")
    if mode not in MODES:
        raise ErcbenchError(
            f"WANDB_MODE={mode}: expected one of {', '.join(MODES)}. Leave it unset to log offline."
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _started(reports, runs, folder, mode) as run:
            run.log({key: value for own in reports for key, value in _shown(own).items()})
            for report in reports:
                run.summary[f"{report.name}/conclusion"] = _concluded(report)
            if page is not None:
                run.log_artifact(_artifact(page, runs))
    except wandb.Error as error:
        raise ErcbenchError(
            f"wandb: {error} Leave WANDB_MODE unset to log offline, and send it later with "
            f"`wandb sync {folder / 'wandb' / 'offline-run-*'}`."
        ) from None


def plain_table(table: Table) -> wandb.Table:
    """Returns a table of plain numbers, shares of 1, with nothing where there is no value."""
    columns = to_columns(table, lambda value, kind: None if value == "" else value)
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return wandb.Table(columns=list(columns), data=rows)


def _started(reports: Sequence[Report], runs: Path, folder: Path, mode: Any) -> Any:
    records = [r for own in reports for group in own.comparison.groups for r in group.runs]
    warnings = [warning for own in reports for warning in own.comparison.warnings]
    return wandb.init(
        project="ercbench",
        job_type="report",
        name=f"report of {_title(runs)}",
        mode=mode,
        dir=folder.resolve(),  # wandb's own process may have another working directory
        notes="\n".join(dict.fromkeys([*map(_concluded, reports), *warnings])),
        tags=list(dict.fromkeys(tag for record in records for tag in tags_of(record))),
        config={
            "runs": list(dict.fromkeys(record.run for record in records)),
            "draws": max(own.analysis.draws for own in reports),
        },
    )


def _shown(report: Report) -> dict[str, Any]:
    """Returns tables and figures by the names of their files."""
    corpus = report.comparison.test.title
    tables = {f"{report.name}/{table.name}": plain_table(table) for table in report.tables}
    figures = {
        f"{report.name}/figures/{own.name}": wandb.Image(
            str(own.png), caption=f"{corpus}: {own.title}. {own.caption}"
        )
        for own in report.drawings
    }
    return tables | figures


def _concluded(report: Report) -> str:
    return conclusion(report.comparison, report.analysis)


def _artifact(page: Path, runs: Path) -> wandb.Artifact:
    name = re.sub(r"[^\w.-]", "-", f"report-{_title(runs)}", flags=re.ASCII)
    artifact = wandb.Artifact(name, type="report")
    artifact.add_file(str(page))
    return artifact


def _title(runs: Path) -> str:
    return runs.resolve().name
