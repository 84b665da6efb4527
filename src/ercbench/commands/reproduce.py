"""`ercbench reproduce`: every published row of a paper, and how near ours come."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from ercbench.api.reproduction.plan import Plan, make_plans
from ercbench.api.reproduction.running import finished, run_plans
from ercbench.console import wide_console
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.published.table import for_terminal, verdict_table
from ercbench.evaluation.published.verdict import Attempt, exit_code, verdicts
from ercbench.evaluation.tables.render import to_csv, to_latex, to_markdown
from ercbench.evaluation.tables.table import Table as VerdictTable
from ercbench.evaluation.tables.terminal import print_table
from ercbench.files import expanded, remove_leftovers, replacing
from ercbench.models.registry import title_of


def reproduce_command(config: DictConfig) -> None:
    """Reproduces a paper's rows, and leaves with an exit code that says how near it came."""
    if code := reproduce(config):
        sys.exit(code)


def reproduce(config: DictConfig) -> int:
    """Runs what can be run of a paper's rows and says how near it came.

    Args:
        config: As `ReproduceSettings` describes it.

    Returns:
        The exit code: 0, 1 or 3, see `exit_code`.

    Raises:
        ErcbenchError: A setting is wrong.
    """
    plans = make_plans(config)
    wide_console().print(plan_table(plans, config))
    if config.plan:
        return 0
    return evaluate(run_plans(plans, config), config)


def plan_table(plans: Sequence[Plan], config: DictConfig) -> Table:
    """Returns what will be run, what is finished, how long the rest may take."""
    table = Table(title=f"{len(plans)} rows, seeds {', '.join(map(str, config.seeds))}")
    for column in ("row", "on", "experiment", "features", "finished", "to go"):
        table.add_column(column)
    for plan in plans:
        own = (plan.attempt.row, plan.attempt.corpus, plan.experiment)
        if not plan.possible:
            why = Text(f"cannot be run: {plan.attempt.reason}", style="yellow")
            table.add_row(*map(Text, own), why, "", "")
            continue
        seconds = finished(plan, config)
        done, wanted = len(seconds), len(config.seeds)
        rest = f"about {mean(seconds) * (wanted - done) / 60:.0f} min" if done else "not known yet"
        features = ", ".join(plan.features) or plan.attempt.features
        shown = (*own, features, f"{done} of {wanted}", rest if done < wanted else "nothing")
        table.add_row(*map(Text, shown))
    return table


def evaluate(attempts: Sequence[Attempt], config: DictConfig) -> int:
    """Prints and writes the verdict; returns the exit code."""
    ran = any(attempt.runs for attempt in attempts)
    comparisons = read_comparisons(expanded(config.runs)) if ran else []
    found = verdicts(attempts, comparisons)
    table = verdict_table(found, title_of(config.paper.model))
    print_table(wide_console(), for_terminal(table))
    write_verdict(table, sum(len(attempt.runs) for attempt in attempts), config)
    if ran:
        print(f"Tables, figures and a page of these runs: ercbench report {config.runs} out=FOLDER")
    elif config.launcher is not None:
        print(f"No run has finished: ercbench jobs {config.runs}")
    else:
        print("Nothing could be run. For SIMULATED data: simulated=true (make: DATASET=simulated).")
    return exit_code(found)


def write_verdict(table: VerdictTable, runs: int, config: DictConfig) -> None:
    """Writes the verdict on so many runs; one on disk that is on more of them stays as it is."""
    folder, name = expanded(config.out), f"verdict-{config.paper.model}"
    remove_leftovers(folder)
    before = runs_of_verdict(folder / f"{name}.csv")
    if before > runs:
        print(f"{folder / name} is on more runs ({before}, not {runs}) and stays: see {name}-now")
        name = f"{name}-now"
    writers = {"md": to_markdown, "tex": to_latex, "csv": to_csv}
    for suffix, write in writers.items():
        with replacing(folder / f"{name}.{suffix}") as temporary:
            temporary.write_text(write(table), encoding="utf-8")


def runs_of_verdict(path: Path) -> int:
    """Returns how many runs a verdict on disk is on; 0 if there is none that can be read."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = {(row["row"], row["on"]): int(row["seeds"]) for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return 0
    return sum(rows.values())
