"""The table of one run, or of several of one command, for the terminal."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from rich.table import Table
from rich.text import Text

from ercbench.evaluation.tables.wording import SCORE_TITLES, corpus_title

Result = dict[str, Any]
# The scores that runs of every kind have.
SWEEP_SCORES = ("accuracy", "weighted_f1", "macro_f1")


def summary(result: Result) -> Table:
    """Returns the table of one run: its test scores, F1 per class, and its other outputs."""
    caption = f"epoch {result['best_epoch']} of {result['epochs']}, chosen on validation"
    title = f"{result['model']} on {_data(result)}"
    table = Table(title=title, caption=caption, min_width=len(title))
    table.add_column("test")
    table.add_column(f"seed {result['seed']}", justify="right")
    for name, title in SCORE_TITLES.items():
        table.add_row(title, _percent(result["test"][name]))
    table.add_section()
    for label, score in zip(result["labels"], result["test"]["class_f1"], strict=True):
        table.add_row(f"F1 {label}", _percent(score))
    table.add_section()
    for name, output in result["outputs"].items():
        table.add_row(f"weighted F1: {name}", _percent(output["test"]["weighted_f1"]))
    if "as_released" in result:
        claimed = result["as_released"]["test"]["weighted_f1"]
        table.add_row("weighted F1: if chosen on test", _percent(claimed))
    return table


def encoder_summary(result: Result) -> Table:
    """Returns the table of one encoder: its vectors on test, untrained and trained."""
    caption = f"epoch {result['best_epoch']} of {result['epochs']}, chosen on validation"
    title = f"{result['encoder']} on {result['corpus']}, seed {result['seed']}"
    table = Table(title=title, caption=caption, min_width=len(title))
    for column in ("test", "untrained", "trained"):
        table.add_column(column, justify="left" if column == "test" else "right")
    for kind, scores in result["trained"].items():
        for name, score in scores.items():
            before = "" if kind == "classifier" else _percent(result["untrained"][kind][name])
            table.add_row(f"{kind}: {name.replace('_', ' ')}", before, _percent(score))
    return table


def run_line(result: Result, overrides: Sequence[str]) -> Text:
    """Returns a run among several in a line: what tells it from the others, and its test scores."""
    scores = ", ".join(f"{SCORE_TITLES[n]} {_percent(result['test'][n])}" for n in SWEEP_SCORES)
    return Text(f"{', '.join(overrides)}: {scores} (epoch {result['best_epoch']})")


def sweep_summary(runs: Sequence[tuple[Sequence[str], Result]]) -> Table:
    """Returns the table of several runs: a row for those that nothing but the seed tells apart.

    Args:
        runs: What tells each run from the others, as in `seed=1`, and its record.
    """
    rows: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    for overrides, result in runs:
        settings = [own for own in overrides if not own.startswith("seed=")]
        rows[_on(result), ", ".join(settings)].append(result)
    table = Table(title="test scores, mean ± standard deviation over seeds")
    for column in ("on", "settings", "seeds"):
        table.add_column(column)
    for name in SWEEP_SCORES:
        table.add_column(SCORE_TITLES[name], justify="right")
    for labels, results in rows.items():
        seeds = ", ".join(str(result["seed"]) for result in results)
        scores = ([result["test"][name] for result in results] for name in SWEEP_SCORES)
        table.add_row(*labels, seeds, *map(_mean, scores))
    return table


def _mean(scores: Sequence[float]) -> str:
    """Returns the mean in per cent and, of several, their standard deviation."""
    spread = f" ± {100 * stdev(scores):.1f}" if len(scores) > 1 else ""
    return _percent(mean(scores)) + spread


def _on(result: Result) -> str:
    simulated = result.get("simulated", False)
    return corpus_title(result["corpus"], len(result["labels"]), simulated)


def _data(result: Result) -> str:
    corpus = corpus_title(result["corpus"], len(result["labels"]), result["simulated"])
    return f"{corpus}, split {result['split']}, {', '.join(result['features'])}"


def _percent(value: float | None) -> str:
    """Returns a share as per cent, `n/a` where there is none."""
    return "n/a" if value is None else f"{100 * value:.1f}"
