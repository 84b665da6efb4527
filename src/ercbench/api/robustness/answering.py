"""What runs answer to damaged test parts: computed once for a run and a setting, then read."""

from collections.abc import Iterable, Iterator, Sequence
from math import isinf
from pathlib import Path

import numpy as np

from ercbench.api.robustness.damaging import damaging
from ercbench.api.robustness.tested import Rows, TestedRun
from ercbench.data.damage import Damage
from ercbench.records.robustness import (
    Answers,
    DamagedScores,
    RobustnessRecord,
    read_answers,
    write_answers,
)
from ercbench.records.scores import score


def answer(
    tested: TestedRun, damage: Damage, levels: Iterable[float], draws: int, cache: Path
) -> int:
    """Lets a run answer to its damaged test part, and keeps the answers in its folder.

    Args:
        tested: The run and its test part, which is read only if an answer is not there yet.
        damage: How that is damaged.
        levels: How much; the clean test part is always among them.
        draws: Of what is left to chance.
        cache: Folder of stores, for features that are made anew.

    Returns:
        How many answers were not there yet.

    Raises:
        ErcbenchError: The features cannot be made anew, or what lies in the folder is damaged.
    """
    record, folder = tested.run.record, tested.run.folder.path
    known = read_answers(folder, damage, record.results.checkpoint_sha256)
    probabilities = dict(known.probabilities) if known else {}
    scores = dict(known.scores) if known else {}
    order, before = damage.in_order(levels), len(scores)
    for draw in range(draws):
        wanted = [level for level in order if draw in damage.draws(level, draws)]
        absent = [level for level in wanted if (level, draw) not in scores]
        for level, rows in _damaged(tested, damage, draw, absent, cache):
            own = tested.predict(damage.modality, rows)
            probabilities[level, draw] = own
            scores[level, draw] = _scores(tested, level, draw, rows, own)
    if len(scores) > before:
        made = RobustnessRecord(
            record.run,
            record.results.checkpoint_sha256,
            damage,
            record.setup.labels,
            tuple(scores.values()),
            record.setup.target,
        )
        write_answers(folder, Answers(made, probabilities), tested.utterances)
    return len(scores) - before


def _damaged(
    tested: TestedRun, damage: Damage, draw: int, levels: Sequence[float], cache: Path
) -> Iterator[tuple[float, Rows]]:
    """Yields the levels and the rows that are left at each; reads nothing for no level."""
    if levels:
        at_level = damaging(tested, damage, draw, cache)
        yield from ((level, at_level(level)) for level in levels)


def _scores(
    tested: TestedRun, level: float, draw: int, rows: Rows, probabilities: np.ndarray
) -> DamagedScores:
    found = score(tested.run.test_set.answered(probabilities))
    return DamagedScores(
        level=None if isinf(level) else level,
        draw=draw,
        missing=float((~rows.present).float().mean()),
        scores=dict(found.values) if found else {},
    )
