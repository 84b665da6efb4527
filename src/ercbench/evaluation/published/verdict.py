"""How near our runs come to a paper's rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.published.values import Published
from ercbench.evaluation.statistics.analysis import Analysis, Estimate
from ercbench.evaluation.tables.tables import Cell, Column, Table
from ercbench.metrics import METRICS

INSIDE, NOT_RUN = "inside", "not run"


@dataclass(frozen=True)
class Attempt:
    """A published row and the runs that tried to come near it.

    Attributes:
        row: What the paper calls it.
        corpus: On what, in words.
        published: Its numbers; none on data the paper does not have.
        runs: Names of our runs' folders, a run per seed.
        features: What they were given, in words.
        deviations: How they depart from the paper's row, in words.
        reason: Why there are no runs, else empty.
    """

    row: str
    corpus: str
    published: Sequence[Published]
    runs: Sequence[str]
    features: str
    deviations: str
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """What one published number has to do with ours.

    Attributes:
        attempt: Whose number.
        score: Which.
        published: Its value, a share of 1, or None.
        ours: Mean over seeds and 95 % interval, or None of a row that was not run.
        on_test: Mean over seeds with the epoch chosen on test, if that was recorded.
    """

    attempt: Attempt
    score: str
    published: float | None
    ours: Estimate | None
    on_test: float | None

    @property
    def word(self) -> str:
        """`inside` our interval, `above` or `below` it, `not run`, or nothing to compare with."""
        if self.ours is None:
            return NOT_RUN
        if self.published is None:
            return "nothing published"
        if self.ours.low <= self.published <= self.ours.high:
            return INSIDE
        return "above" if self.published > self.ours.high else "below"


def verdicts(
    attempts: Sequence[Attempt],
    comparisons: Sequence[Comparison],
    analyses: Sequence[Analysis],
) -> list[Verdict]:
    """Compares every published number of every row with ours."""
    found = [_evaluate(attempt, comparisons, analyses) for attempt in attempts]
    return list(chain.from_iterable(found))


def exit_code(found: Sequence[Verdict]) -> int:
    """Returns 0 if no number lies outside our interval, 1 if one does, 3 if one was not run."""
    words = {verdict.word for verdict in found}
    if NOT_RUN in words:
        return 3
    return int(bool(words & {"above", "below"}))


def verdict_table(found: Sequence[Verdict], paper: str) -> Table:
    """Returns a row per published number."""
    columns = (
        *(Column(title, "text") for title in ("row", "on", "score")),
        *(Column(title, "percent") for title in ("published", "ours")),
        *(Column("published lies", "text"), Column("seeds", "count")),
        *(Column("chosen on test", "percent"), Column("features, deviations", "text")),
    )
    return Table(
        name="verdict",
        corpus=paper,
        title=f"{paper}: published rows, and ours",
        columns=columns,
        rows=tuple(_row(verdict) for verdict in found),
        notes=(
            "ours: per cent on test, mean ± sd over seeds and 95 % interval over dialogues and "
            "seeds, the epoch chosen on validation",
            "published lies inside, above or below that interval; chosen on test: what the same "
            "runs would have claimed by choosing the epoch on the test part",
        ),
    )


def _evaluate(
    attempt: Attempt, comparisons: Sequence[Comparison], analyses: Sequence[Analysis]
) -> list[Verdict]:
    numbers: dict[str, float | None] = {own.score: own.value for own in attempt.published}
    numbers = numbers or {"accuracy": None, "weighted_f1": None}
    if not attempt.runs:
        return [Verdict(attempt, score, own, None, None) for score, own in numbers.items()]
    for comparison, analysis in zip(comparisons, analyses, strict=True):
        for group in comparison.groups:
            ours = {folder.name for folder in group.folders}
            if group.output == "final" and set(attempt.runs) <= ours:
                return [
                    Verdict(
                        attempt,
                        score,
                        value,
                        analysis.estimates[group.name][score],
                        _on_test(group, score),
                    )
                    for score, value in numbers.items()
                ]
    lost = replace(attempt, reason="its runs cannot be put together: ercbench report says why")
    return [Verdict(lost, score, own, None, None) for score, own in numbers.items()]


def _on_test(group: Group, score: str) -> float | None:
    claimed = [run.results.as_released for run in group.runs if run.results.as_released]
    scores = [own.test[score] for own in claimed]
    return sum(scores) / len(scores) if scores else None


def _row(verdict: Verdict) -> tuple[Cell, ...]:
    attempt, ours = verdict.attempt, verdict.ours
    estimate = Cell("") if ours is None else Cell(ours.mean, ours.deviation, (ours.low, ours.high))
    told = "; ".join(filter(None, (attempt.reason, attempt.features, attempt.deviations)))
    return (
        Cell(attempt.row),
        Cell(attempt.corpus),
        Cell(METRICS[verdict.score].title),
        Cell("" if verdict.published is None else verdict.published),
        estimate,
        Cell(verdict.word, bold=verdict.word == INSIDE),
        Cell(len(attempt.runs)),
        Cell("" if verdict.on_test is None else verdict.on_test),
        Cell(told),
    )
