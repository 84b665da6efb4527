"""Where all models are wrong, and where they disagree, dialogue by dialogue."""

import numpy as np

from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.tables.common_notes import common_notes
from ercbench.evaluation.tables.table import Cell, Column, Table
from ercbench.evaluation.tables.tables import make_table
from ercbench.metrics import likeliest

ANSWERS = "a model's answer is the likeliest label by its mean probabilities over seeds"


def answers(group: Group) -> np.ndarray:
    """Returns what is said by the mean probabilities, or scores, over seeds: [N] indices."""
    return likeliest(group.probabilities.mean(0), group.target)


def all_wrong(comparison: Comparison) -> np.ndarray:
    """Finds the labelled utterances whose label no model's own answer is: [N] mask."""
    truth = comparison.test.truth
    right = [answers(group) == truth for group in final_groups(comparison)]
    return (truth >= 0) & ~np.any(right, axis=0)


def disagree(comparison: Comparison) -> np.ndarray:
    """Finds the utterances of which not all models' own answers are the same: [N] mask."""
    said = np.array([answers(group) for group in final_groups(comparison)])
    return (said != said[0]).any(0)


def dialogues_table(comparison: Comparison, most: int | None = None) -> Table:
    """Returns how much of each dialogue all models get wrong, the most first.

    Args:
        comparison: The models.
        most: Number of dialogues; None for all.
    """
    test, wrong, differing = comparison.test, all_wrong(comparison), disagree(comparison)
    rows = []
    for dialogue in dict.fromkeys(test.conversations.tolist()):
        own = test.conversations == dialogue
        counts = [int(mask[own].sum()) for mask in (test.truth >= 0, wrong, differing)]
        rows.append((dialogue, len(test.truth[own]), *counts))
    rows.sort(key=lambda row: (-row[3], row[2], -row[4]))
    return make_table(
        "dialogues",
        "where all models are wrong, and where they disagree",
        comparison,
        [
            Column("dialogue", "text"),
            *(Column(title, "count") for title in ("utterances", "labelled")),
            *(Column(title, "count") for title in ("all models wrong", "models disagree")),
        ],
        [tuple(map(Cell, row)) for row in rows[:most]],
        [f"counts of utterances; {ANSWERS}", *common_notes(comparison)],
    )


def dialogue_table(comparison: Comparison, dialogue: str) -> Table:
    """Returns one dialogue, an utterance a row: who speaks, the true label, every answer.

    Raises:
        ErcbenchError: There is no such dialogue in the test set.
    """
    test, groups = comparison.test, final_groups(comparison)
    rows = np.flatnonzero(test.conversations == dialogue)
    if not len(rows):
        raise ErcbenchError(
            f"No dialogue '{dialogue}' in the test part of {test.corpus}; one of them is "
            f"'{test.conversations[0]}'. dialogues_table lists all."
        )
    said = [answers(group) for group in groups]
    spoken = ("text",) if any(test.texts.tolist()) else ()
    titles = ("utterance", "speaker", *spoken, "true", *(group.name for group in groups))
    return make_table(
        "dialogue",
        f"dialogue {dialogue}",
        comparison,
        [Column(title, "text") for title in titles],
        [
            (*_told(test, row, bool(spoken)), *(_answer(test, row, own[row]) for own in said))
            for row in rows.tolist()
        ],
        [f"bold: right; {ANSWERS}", *common_notes(comparison)],
    )


def _told(test: TestSet, row: int, spoken: bool) -> list[Cell]:
    """Returns what is known of an utterance, in a line."""
    text = [" ".join(str(test.texts[row]).split())] if spoken else []
    label = test.labels[test.truth[row]] if test.truth[row] >= 0 else None
    return [Cell(own) for own in (str(test.utterances[row]), str(test.speakers[row]), *text, label)]


def _answer(test: TestSet, row: int, said: int) -> Cell:
    return Cell(test.labels[said], bold=bool(said == test.truth[row]))
