"""The table of one run, for the terminal: a model's scores, or an encoder's."""

from typing import Any

from rich.table import Table

from ercbench.evaluation.tables.wording import SCORE_TITLES, corpus_title

Result = dict[str, Any]


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


def _data(result: Result) -> str:
    corpus = corpus_title(result["corpus"], len(result["labels"]), result["simulated"])
    return f"{corpus}, split {result['split']}, {', '.join(result['features'])}"


def _percent(value: float | None) -> str:
    """Returns a share as per cent, `n/a` where there is none."""
    return "n/a" if value is None else f"{100 * value:.1f}"
