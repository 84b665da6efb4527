"""Tables of run records, for the terminal."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
from rich.table import Table
from sklearn.metrics import f1_score

from ercbench.corpora.ceilings import ceilings_for, posterior
from ercbench.corpora.simulated import Simulator, settings_of, simulate

SCORES = {
    "accuracy": "accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "shift_f1": "shift F1",
    "stay_f1": "stay F1",
}
Result = dict[str, Any]


def summary(result: Result) -> Table:
    """Returns the table of one run: its test scores, F1 per class, and its other outputs."""
    caption = f"epoch {result['best_epoch']} of {result['epochs']}, chosen on validation"
    title = f"{result['model']} on {_data(result)}"
    table = Table(title=title, caption=caption, min_width=len(title))
    table.add_column("test")
    table.add_column(f"seed {result['seed']}", justify="right")
    for name, title in SCORES.items():
        table.add_row(title, _percent(result["test"][name]))
    table.add_section()
    for label, score in zip(result["labels"], result["test"]["class_f1"], strict=True):
        table.add_row(f"F1 {label}", _percent(score))
    table.add_section()
    for name, output in result["outputs"].items():
        table.add_row(f"weighted F1: {name}", _percent(output["test"]["weighted_f1"]))
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


def comparison(results: Sequence[Result]) -> list[Table]:
    """Returns a table for each choice of data: models by row, mean ± sd over seeds.

    Runs are averaged only if nothing but the seed tells them apart. A simulated corpus is said
    to be simulated and shows its ceilings among the models.
    """
    groups = _grouped(results, lambda r: json.dumps([r["data"], r["split"], r["features"]]))
    return [_comparison(group) for group in groups]


def ceiling_scores(result: Result) -> dict[str, tuple[float, float]]:
    """Returns what is possible on the simulated corpus of a run.

    Returns:
        Ceiling name to (highest expected accuracy, weighted F1 of the same reader) on the test
        part.
    """
    settings = settings_of(result["data"]["provenance"])
    corpus, features = simulate(settings)
    tested = set(corpus.splits["simulated"].test)
    rows = np.concatenate([[c.id in tested] * len(c) for c in corpus.conversations])
    conversations = [c for c in corpus.conversations if c.id in tested]
    seen = {modality: values[rows] for modality, values in features.items()}
    truth = [corpus.labels.index(str(u.label)) for c in conversations for u in c.utterances]
    scores = {}
    for ceiling in ceilings_for([key.split(":")[0] for key in result["features"]]):
        belief = posterior(Simulator(settings), conversations, seen, ceiling)
        weighted_f1 = f1_score(truth, belief.argmax(1), average="weighted")
        scores[ceiling.name] = float(belief.max(1).mean()), float(weighted_f1)
    return scores


def _comparison(results: Sequence[Result]) -> Table:
    table = Table(title=_data(results[0]), caption=_caption(results))
    table.add_column("model", no_wrap=True)
    table.add_column("seeds", justify="right")
    for title in SCORES.values():
        table.add_column(title, justify="right", no_wrap=True)
    rows = _model_rows(results)
    if results[0]["simulated"]:
        rows += [
            (accuracy, [f"[dim]ceiling: {name}", "", _percent(accuracy), _percent(f1)])
            for name, (accuracy, f1) in ceiling_scores(results[0]).items()
        ]
    for _, row in sorted(rows, key=lambda row: row[0]):
        table.add_row(*row)
    return table


def _model_rows(results: Sequence[Result]) -> list[tuple[float, list[str]]]:
    """Returns (mean accuracy, cells) for every model, variant of its settings and output."""
    variants = _grouped(results, lambda r: (r["model"], *sorted(_settings(r).items())))
    rows = []
    for runs in variants:
        model = runs[0]["model"]
        rivals = [v[0] for v in variants if v[0]["model"] == model]
        differences = _differences(runs[0], rivals)
        rows.append(_row(f"[bold]{model}[/]{differences}", [run["test"] for run in runs]))
        for output in runs[0]["outputs"]:
            scores = [run["outputs"][output]["test"] for run in runs]
            rows.append(_row(f"{model}: {output}{differences}", scores))
    return rows


def _row(name: str, tests: Sequence[dict[str, Any]]) -> tuple[float, list[str]]:
    """Returns (mean accuracy, cells) of the test scores of several seeds."""
    cells = [_mean_and_deviation([test[score] for test in tests]) for score in SCORES]
    return mean(test["accuracy"] for test in tests), [name, str(len(tests)), *cells]


def _differences(result: Result, rivals: Sequence[Result]) -> str:
    """Names the settings in which variants of one model differ."""
    ours, all_settings = _settings(result), [_settings(rival) for rival in rivals]
    keys = [k for k in ours if len({settings.get(k) for settings in all_settings}) > 1]
    return "".join(f"\n{key}={ours[key]}" for key in keys)


def _settings(result: Result) -> dict[str, Hashable]:
    """Returns everything but the seed that tells runs apart, flat: `model.hidden` to 64."""
    flat: dict[str, Hashable] = {"code": result["code"]}

    def add(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                add(f"{prefix}.{key}" if prefix else key, item)
        elif prefix != "seed":
            flat[prefix] = str(value)

    add("", result["settings"])
    return flat


def _data(result: Result) -> str:
    corpus = "SIMULATED corpus" if result["simulated"] else result["corpus"]
    return f"{corpus}, split {result['split']}, {', '.join(result['features'])}"


def _caption(results: Sequence[Result]) -> str:
    notes = [
        "per cent on test, mean ± sd over seeds; epoch chosen on validation; shift and stay: "
        "weighted F1 where a speaker's emotion differs from, or equals, the last own one"
    ]
    if results[0]["simulated"]:
        notes.append(
            "simulated data; a ceiling is the highest expected accuracy of any model that sees "
            "this much, and that reader's weighted F1"
        )
    if any(result["outputs"] for result in results):
        notes.append(
            "a name after a model's is another of its outputs: one stage alone, or the ensemble "
            "of all, a sum of probabilities weighed on validation"
        )
    for leak in {json.dumps(leak) for result in results for leak in result["leaks"]}:
        found = json.loads(leak)
        notes.append(
            f"LEAK: {found['features']} saw the labels of {found['overlap']} of "
            f"{found['size']} {found['part']} conversations"
        )
    return ".\n".join(notes)


def _percent(value: float | None) -> str:
    """Returns a share as per cent, `n/a` where there is none."""
    return "n/a" if value is None else f"{100 * value:.1f}"


def _mean_and_deviation(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "n/a"
    spread = f" ± {_percent(stdev(known))}" if len(known) > 1 else ""
    return _percent(mean(known)) + spread


def _grouped(results: Iterable[Result], key: Callable[[Result], Hashable]) -> list[list[Result]]:
    groups: dict[Hashable, list[Result]] = defaultdict(list)
    for result in results:
        groups[key(result)].append(result)
    return list(groups.values())
