from dataclasses import replace

import numpy as np
import pytest
from comparisons import make_comparison
from hypothesis import given
from hypothesis import strategies as st

from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.disagreement import (
    all_wrong,
    dialogue_table,
    dialogues_table,
    disagree,
)

comparisons = st.builds(
    make_comparison,
    sizes=st.lists(st.integers(4, 6), min_size=2, max_size=5),
    skills=st.sampled_from([[("GRU", 1.0)], [("GRU", 1.0), ("MLP", 0.5), ("HCAM", 0.0)]]),
    seed=st.integers(0, 99),
    unlabelled=st.just(0.2),
)


@given(comparisons)
def test_nobody_is_right_where_all_are_wrong_and_one_model_never_disagrees(comparison):
    truth = comparison.test.truth
    said = [group.probabilities.mean(0).argmax(-1) for group in comparison.groups]
    for row, (wrong, differing) in enumerate(
        zip(all_wrong(comparison), disagree(comparison), strict=True)
    ):
        own = {int(answers[row]) for answers in said}
        assert wrong == (truth[row] >= 0 and truth[row] not in own)
        assert differing == (len(own) > 1)


@given(comparisons)
def test_every_utterance_is_counted_in_its_dialogue_worst_first(comparison):
    table = dialogues_table(comparison)
    dialogues, utterances, labelled, wrong, differing = zip(
        *([cell.value for cell in row] for row in table.rows), strict=True
    )
    assert sorted(dialogues) == sorted(set(comparison.test.conversations.tolist()))
    assert sum(utterances) == len(comparison.test.truth)
    assert sum(labelled) == (comparison.test.truth >= 0).sum()
    assert sum(wrong) == all_wrong(comparison).sum()
    assert sum(differing) == disagree(comparison).sum()
    assert list(wrong) == sorted(wrong, reverse=True)
    assert dialogues_table(comparison, most=1).rows == table.rows[:1]


def test_a_stage_or_an_ensemble_is_no_model_of_its_own():
    comparison = make_comparison(seeds=1)
    stage = replace(comparison.groups[0], name="GRU: text", output="text")
    wrong = np.roll(stage.probabilities, 1, axis=-1)
    more = replace(comparison, groups=(*comparison.groups, replace(stage, probabilities=wrong)))
    assert disagree(more).tolist() == disagree(comparison).tolist()


def test_a_dialogue_is_shown_in_order_with_right_answers_in_bold():
    comparison = make_comparison(sizes=(2, 4))
    table = dialogue_table(comparison, "d1")
    titles = [column.title for column in table.columns]
    assert titles == ["utterance", "speaker", "text", "true", "GRU", "MLP"]
    assert [row[0].value for row in table.rows] == ["d1-0", "d1-1", "d1-2", "d1-3"]
    for row in table.rows:
        for answer in row[4:]:
            assert answer.bold == (answer.value == row[3].value)


def test_without_texts_there_is_no_column_for_them():
    comparison = make_comparison()
    silent = np.full(len(comparison.test.truth), "")
    test = replace(comparison.test, texts=silent, simulated=True)
    table = dialogue_table(replace(comparison, test=test), "d0")
    assert "text" not in [column.title for column in table.columns]
    assert "SIMULATED" in table.title


def test_a_dialogue_that_is_not_there_is_named():
    with pytest.raises(ErcbenchError, match="No dialogue 'd99' in the test part of made-up"):
        dialogue_table(make_comparison(), "d99")
