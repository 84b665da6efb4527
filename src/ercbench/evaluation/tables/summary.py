"""The table of one run, or of several of one command, for the terminal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isnan, nan
from statistics import mean, stdev

from rich.table import Table
from rich.text import Text

from ercbench.corpora.speakers import SHARED
from ercbench.evaluation.tables.render import number
from ercbench.evaluation.tables.table import Kind
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.metrics import MAIN, METRICS, Metric
from ercbench.records.added_record import AddedRecord, AddedSetup
from ercbench.records.evaluation_record import EvaluationRecord, EvaluationSetup
from ercbench.records.run_record import (
    EncoderRecord,
    EncoderSetup,
    RunRecord,
    RunSetup,
    StageRecord,
)
from ercbench.records.scores import Scores


def summary(record: RunRecord) -> Table:
    """Returns the table of one run: its test scores, F1 per class, and its other outputs."""
    setup, results = record.setup, record.results
    shared = SHARED.get(setup.validation_speakers, "")
    table = _table(f"{setup.model} on {_data(setup)}", results.chosen, shared)
    table.add_column("test")
    table.add_column(f"seed {setup.seed}", justify="right")
    if results.test is None:
        table.add_row(_unscored(setup), "")
        return table
    _add_scores(table, results.test, setup.labels)
    main = METRICS[MAIN[setup.target]]
    for name, output in results.outputs.items():
        if name != "final":
            table.add_row(f"{main.title}: {name}", _main(output.test, main))
    for own in results.earlier_as_released:
        table.add_row(f"{main.title}: {own.stage}, if chosen on test", _main(own.test, main))
    if results.as_released:
        table.add_row(f"{main.title}: if chosen on test", _main(results.as_released.test, main))
    return table


def added_summary(record: AddedRecord) -> Table:
    """Returns the table of predictions that were added: their test scores and F1 per class."""
    setup = record.setup
    title = f"{setup.model} ‡ on {_on(setup)}, split {setup.split}"
    return _scores_table(record, title, "‡ brought along; selection and budget unknown")


def evaluation_summary(record: EvaluationRecord) -> Table:
    """Returns the table of a run's evaluation elsewhere: its scores there and F1 per class."""
    setup = record.setup
    title = f"{setup.model}, {_on(setup.trained.setup)} → {_on(setup)}, split {setup.split}"
    return _scores_table(record, title, f"{setup.trained.run}, on the {setup.part} part")


def _scores_table(record: AddedRecord | EvaluationRecord, title: str, caption: str) -> Table:
    table = Table(title=Text(title), caption=Text(caption), min_width=min(len(title), 100))
    table.add_column("test")
    table.add_column(f"seed {record.setup.seed}", justify="right")
    _add_scores(table, record.test, record.setup.labels)
    return table


def encoder_summary(record: EncoderRecord) -> Table:
    """Returns the table of one encoder: its vectors on test, untrained and trained."""
    setup, results = record.setup, record.results
    table = _table(f"{setup.encoder} on {setup.corpus}, seed {setup.seed}", results.chosen)
    for column in ("test", "untrained", "trained"):
        table.add_column(column, justify="left" if column == "test" else "right")
    for kind, scores in results.trained.items():
        for name, score in scores.items():
            before = results.untrained.get(kind, {}).get(name)
            told = "" if before is None else _percent(before)
            table.add_row(f"{kind}: {name.replace('_', ' ')}", told, _percent(score))
    return table


def run_line(record: RunRecord | EncoderRecord, overrides: Sequence[str]) -> Text:
    """Returns a run among several in a line: what tells it from the others, and its test scores."""
    chosen, test = record.results.chosen, record.results.test
    told = _scores_line(test) if test else _unscored(record.setup)
    return Text(f"{', '.join(overrides)}: {told} (epoch {chosen.best_epoch})")


def added_line(record: AddedRecord) -> Text:
    """Returns added predictions among several seeds in a line."""
    setup = record.setup
    return Text(f"{setup.model} ‡, seed {setup.seed}: {_scores_line(record.test)}")


def _scores_line(test: Scores | Mapping[str, float]) -> str:
    told = ((METRICS[name], score) for name, score in _compared(test).items())
    return ", ".join(f"{own.title} {_written(score, own.kind)}" for own, score in told)


def _compared(test: Scores | Mapping[str, float] | None) -> dict[str, float]:
    """Returns the metrics by which models are compared, and what there is of them."""
    known = test.values if isinstance(test, Scores) else test or {}
    found = {name: known[name] for name, own in METRICS.items() if own.compared and name in known}
    return {name: nan if score is None else score for name, score in found.items()}


def sweep_summary(runs: Sequence[tuple[Sequence[str], RunRecord | EncoderRecord]]) -> Table:
    """Returns the table of several runs: a row for those that nothing but the seed tells apart.

    Args:
        runs: What tells each run from the others, as in `seed=1`, and its record.
    """
    rows: dict[tuple[str, ...], list[RunRecord | EncoderRecord]] = defaultdict(list)
    for overrides, record in runs:
        settings = [own for own in overrides if not own.startswith("seed=")]
        rows[_on(record.setup), ", ".join(settings)].append(record)
    table = Table(title="test scores, mean ± standard deviation over seeds")
    for column in ("on", "settings", "seeds"):
        table.add_column(column)
    every = [_compared(record.results.test) for _, record in runs]
    metrics = [own for own in METRICS.values() if any(own.name in test for test in every)]
    for metric in metrics:
        table.add_column(metric.title, justify="right")
    for labels, records in rows.items():
        seeds = ", ".join(str(record.setup.seed) for record in records)
        tests = [_compared(record.results.test) for record in records]
        means = (_mean([test.get(own.name, nan) for test in tests], own.kind) for own in metrics)
        table.add_row(*map(Text, labels), seeds, *means)
    return table


def _add_scores(table: Table, test: Scores, labels: Sequence[str]) -> None:
    for metric in METRICS.values():
        if metric.name in test.values:
            table.add_row(metric.title, _written(test[metric.name], metric.kind))
    table.add_section()
    for label, score in zip(labels, test.class_f1, strict=True):
        table.add_row(Text(f"F1 {label}"), _percent(score))
    table.add_section()


def _unscored(setup: RunSetup | EncoderSetup) -> str:
    """Returns why there are no scores."""
    unread = isinstance(setup, RunSetup) and not setup.reads_test
    return "the test part was not read" if unread else "no labels, no scores"


def _mean(scores: Sequence[float], kind: Kind) -> str:
    """Returns the mean and, of several, their standard deviation."""
    if any(map(isnan, scores)):
        return _written(nan, kind)
    spread = f" ± {number(stdev(scores), kind)}" if len(scores) > 1 else ""
    return _written(mean(scores), kind) + spread


def _table(title: str, chosen: StageRecord, shared: str = "") -> Table:
    """Returns an empty table; its texts are shown as they are, brackets and all."""
    caption = f"epoch {chosen.best_epoch} of {chosen.epochs}, chosen on validation"
    if chosen.chose_last_allowed:
        caption += "; it was the last allowed: trainer.max_epochs=MORE might do better"
    caption += f"; {shared}" if shared else ""
    return Table(title=Text(title), caption=Text(caption), min_width=min(len(title), 100))


def _on(setup: RunSetup | EncoderSetup | AddedSetup | EvaluationSetup) -> str:
    simulated = not isinstance(setup, EncoderSetup) and setup.simulated
    target = "labels" if isinstance(setup, EncoderSetup) else setup.target
    return corpus_title(setup.corpus, len(setup.labels), simulated, target)


def _data(setup: RunSetup) -> str:
    return f"{_on(setup)}, split {setup.split}, {', '.join(setup.feature_keys)}"


def _main(scores: Scores | None, metric: Metric) -> str:
    return _written(scores[metric.name] if scores else nan, metric.kind)


def _percent(value: float) -> str:
    return _written(value, "percent")


def _written(value: float, kind: Kind) -> str:
    """Returns a number as tables show it, `n/a` where there is none."""
    return "n/a" if isnan(value) else number(value, kind)
