"""How near our runs come to a paper's rows: like is compared with like, or it is said why not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.published.trainings import Interval, interval_of_best, interval_of_mean
from ercbench.evaluation.published.values import Published, modalities_seen

INSIDE, NOT_RUN, NOTHING_PUBLISHED = "inside", "not run", "nothing published"
OUTSIDE = ("above", "below")


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
class Trainings:
    """What a published number is compared with.

    Attributes:
        scores: Of our runs on test, by seed.
        split: On whose test part.
        selection: The part on which their epoch was chosen, `validation` or `test`.
        best_of: Number of further trainings whose best the interval is of; None if it is of
            their mean.
        interval: The 95 % interval over trainings; None with one seed.
    """

    scores: tuple[float, ...]
    split: str
    selection: str
    best_of: int | None
    interval: Interval | None

    @property
    def statistic(self) -> str:
        """What the interval is of, in words."""
        if self.best_of is None:
            return "mean"
        return "one more run" if self.best_of == 1 else f"best of {self.best_of} runs"


@dataclass(frozen=True)
class Verdict:
    """What one published number has to do with our runs.

    Attributes:
        attempt: Whose number.
        score: Which.
        published: The number; None on data the paper does not have.
        ours: What it is compared with; None of a row that was not run.
        obstacle: Why it cannot be compared with that, else empty.
        decides: Whether like is compared with like, so that the exit code depends on it.
        on_test: Mean over seeds with the epoch chosen on test, if that was recorded.
    """

    attempt: Attempt
    score: str
    published: Published | None
    ours: Trainings | None
    obstacle: str = ""
    decides: bool = True
    on_test: float | None = None

    @property
    def word(self) -> str:
        """Where the published value lies: `inside` our interval, `above` or `below` it.

        Or `not run`, or why nothing can be said.
        """
        if self.ours is None:
            return NOT_RUN
        if self.published is None:
            return NOTHING_PUBLISHED
        if self.obstacle:
            return f"not comparable: {self.obstacle}"
        if self.ours.interval is None:
            return "no interval: one seed"
        low, high = self.ours.interval
        if low <= self.published.value <= high:
            return INSIDE
        return "above" if self.published.value > high else "below"


def verdicts(attempts: Sequence[Attempt], comparisons: Sequence[Comparison]) -> list[Verdict]:
    """Compares every published number of every row with ours."""
    return list(chain.from_iterable(_evaluate(attempt, comparisons) for attempt in attempts))


def exit_code(found: Sequence[Verdict]) -> int:
    """Returns 0 if no number lies outside our interval, 1 if one does, 3 if one has no verdict."""
    words = {verdict.word for verdict in found if verdict.decides}
    if words - {INSIDE, NOTHING_PUBLISHED, *OUTSIDE}:
        return 3
    return int(bool(words & {*OUTSIDE}))


def _evaluate(attempt: Attempt, comparisons: Sequence[Comparison]) -> Iterator[Verdict]:
    numbers: list[tuple[str, Published | None]] = [(own.score, own) for own in attempt.published]
    numbers = numbers or [("accuracy", None), ("weighted_f1", None)]
    found = _runs_of(attempt, comparisons)
    if found is None and attempt.runs:
        why = "its runs cannot be put together: ercbench report says why"
        attempt = replace(attempt, reason=why)
    for score, own in numbers:
        if found is None:
            yield Verdict(attempt, score, own, None)
        else:
            yield from _compare(attempt, score, own, *found)


def _runs_of(
    attempt: Attempt, comparisons: Sequence[Comparison]
) -> tuple[Group, Comparison] | None:
    """Returns the runs of an attempt, put together, and those they may be compared with."""
    for comparison in comparisons:
        for group in comparison.groups:
            names = {folder.name for folder in group.folders}
            if attempt.runs and group.output == "final" and set(attempt.runs) <= names:
                return group, comparison
    return None


def _compare(
    attempt: Attempt, score: str, own: Published | None, group: Group, comparison: Comparison
) -> Iterator[Verdict]:
    """Yields a number's verdict and, of a best of several runs, also its place against the mean."""
    split = comparison.test.split
    on_validation = tuple(scores[score] for scores in group.scores)
    on_test = _chosen_on_test(group, score)
    claimed = sum(on_test) / len(on_test) if on_test else None
    mean = Trainings(on_validation, split, "validation", None, interval_of_mean(on_validation))
    if own is None:
        yield Verdict(attempt, score, None, mean, on_test=claimed)
        return
    obstacle = _obstacle(own, group, split)
    chosen_as_published = own.selection == "test" and on_test
    scores, selection = (on_test, "test") if chosen_as_published else (on_validation, "validation")
    alike = _alike(own, scores, split, selection)
    yield Verdict(attempt, score, own, alike, obstacle, on_test=claimed)
    if own.kind == "best":
        yield Verdict(attempt, score, own, mean, obstacle, decides=False, on_test=claimed)


def _alike(own: Published, scores: tuple[float, ...], split: str, selection: str) -> Trainings:
    """Returns our runs with the interval of what was published; the unknown is taken for one run.

    A best of nobody knows how many is one run, too.
    """
    if own.kind == "mean":
        return Trainings(scores, split, selection, None, interval_of_mean(scores, own.runs))
    runs = (own.runs or 1) if own.kind == "best" else 1
    return Trainings(scores, split, selection, runs, interval_of_best(scores, runs))


def _obstacle(own: Published, group: Group, split: str) -> str:
    """Returns why runs cannot be compared with a published number, or nothing."""
    seen = modalities_seen(group.features)
    if seen != own.modalities:
        return f"other modalities ({seen}, not {own.modalities})"
    return f"other split ({split}, not {own.split})" if split != own.split else ""


def _chosen_on_test(group: Group, score: str) -> tuple[float, ...]:
    """Returns the scores by seed with the epoch chosen on test; none unless all have them."""
    claimed = [run.results.as_released for run in group.runs]
    scores = tuple(own.test[score] for own in claimed if own)
    return scores if len(scores) == len(group.scores) else ()
