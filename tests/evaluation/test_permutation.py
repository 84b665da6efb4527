from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.statistics.permutation import Swaps, draw_swaps, permutation_p
from ercbench.evaluation.statistics.scores import sum_by_dialogue
from ercbench.metrics import compared as compared_by

REFERENCE = {
    "accuracy": accuracy_score,
    "weighted_f1": partial(f1_score, average="weighted", zero_division=0),
    "macro_f1": partial(f1_score, average="macro", zero_division=0),
}


def count(test, predictions):
    """The sums of runs that are sure of the labels they predict: [S, N]."""
    return sum_by_dialogue(test, np.eye(len(test.labels), dtype=np.float32)[predictions])


def questions(truth, dialogues, classes=3):
    nothing = np.array([""] * len(truth))
    names = np.array([f"d{dialogue}" for dialogue in dialogues])
    labels = tuple("abcdefg"[:classes])
    return TestSet("made-up", "s", False, labels, names, nothing, nothing, nothing, truth)


def made_up(dialogues=8, length=5, seeds=1, classes=3, skills=(0.7, 0.5), seed=0):
    """Returns a test set and the predictions [S, N] of a model for each skill."""
    rng = np.random.default_rng(seed)
    size = dialogues * length
    truth = rng.integers(0, classes, size)
    models = [
        np.where(rng.random((seeds, size)) < skill, truth, rng.integers(0, classes, (seeds, size)))
        for skill in skills
    ]
    return questions(truth, np.repeat(np.arange(dialogues), length), classes), models


@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 10**6))
def test_scores_of_counts_are_scikit_learns(size, classes, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, size)
    test = questions(truth, rng.integers(0, 4, size), classes)
    predictions = rng.integers(0, classes, (2, size))
    found = count(test, predictions).scores()
    for name, reference in REFERENCE.items():
        expected = [reference(truth, own) for own in predictions]
        assert found[name] == pytest.approx(expected, abs=1e-6)


def test_an_utterance_without_a_label_does_not_count():
    test, (predictions, _) = made_up()
    some = test.truth.copy()
    some[::3] = -1
    known = some >= 0
    found = count(questions(some, np.repeat(np.arange(8), 5)), predictions).scores()
    expected = accuracy_score(some[known], predictions[0, known])
    assert found["accuracy"] == pytest.approx([expected])


@pytest.mark.parametrize("name", compared_by("labels"))
def test_an_influence_is_what_a_score_loses_without_the_dialogue(name):
    test, (predictions, _) = made_up(seeds=2)
    found = count(test, predictions).influences()[name]
    without = np.zeros((8, 2))
    for dialogue, seed in product(range(8), range(2)):
        rows = np.repeat(np.arange(8), 5) != dialogue
        without[dialogue, seed] = REFERENCE[name](test.truth[rows], predictions[seed, rows])
    assert found == pytest.approx(7 * (without.mean(0) - without), abs=1e-6)


def test_influences_on_accuracy_have_the_textbook_variance():
    test, (predictions, _) = made_up(dialogues=40)
    found = count(test, predictions).influences()["accuracy"][:, 0]
    right = (predictions[0] == test.truth).reshape(40, 5).mean(1)
    assert found.var(ddof=1) == pytest.approx(right.var(ddof=1))


def score_of(name, test, first, second):
    """Returns the statistic of scipy's permutation of the dialogues of two models."""
    both = np.concatenate([first.reshape(-1, 5), second.reshape(-1, 5)])

    def statistic(ours, theirs):
        one, two = (both[chosen.astype(int)].ravel() for chosen in (ours, theirs))
        return REFERENCE[name](test.truth, one) - REFERENCE[name](test.truth, two)

    return statistic


@pytest.mark.parametrize("name", compared_by("labels"))
@pytest.mark.parametrize("seed", range(3))
def test_all_swaps_are_scipys_exact_permutation(name, seed):
    test, (first, second) = made_up(dialogues=7, seed=seed)
    swaps = draw_swaps(7, 128, np.random.default_rng(0))
    assert swaps.exact
    found = permutation_p(count(test, first), count(test, second), swaps)
    reference = stats.permutation_test(
        (np.arange(7), np.arange(7, 14)),
        score_of(name, test, first, second),
        permutation_type="samples",
        vectorized=False,
    )
    assert found[name] == pytest.approx(min(reference.pvalue, 1))


def test_several_seeds_are_swapped_together():
    test, (first, second) = made_up(dialogues=6, seeds=3)
    found = permutation_p(count(test, first), count(test, second), draw_swaps(6, 64, None))
    gaps = (first == test.truth).mean(0) - (second == test.truth).mean(0)
    of_dialogues = gaps.reshape(6, 5).sum(1)
    all_ways = [np.dot(signs, of_dialogues) for signs in product((1, -1), repeat=6)]
    expected = np.mean(np.abs(all_ways) >= abs(of_dialogues.sum()) - 1e-9)
    assert found["accuracy"] == pytest.approx(expected)


def test_a_sample_of_swaps_comes_near_all_of_them():
    test, (first, second) = made_up(dialogues=12, skills=(0.6, 0.5), seed=1)
    counts = count(test, first), count(test, second)
    exact = permutation_p(*counts, draw_swaps(12, 4096, None))
    moved = np.random.default_rng(0).integers(2, size=(20_000, 12)).astype(np.float32)
    sampled = permutation_p(*counts, Swaps(moved, exact=False))
    assert exact["macro_f1"] > 0.01
    for name in compared_by("labels"):
        assert sampled[name] == pytest.approx(exact[name], abs=0.015)


def test_models_of_different_numbers_of_seeds_can_be_compared():
    test, (first, second) = made_up(seeds=4)
    swaps = draw_swaps(8, 256, None)
    one = permutation_p(count(test, first), count(test, second[:1]), swaps)
    four = permutation_p(count(test, first), count(test, second[[0, 0, 0, 0]]), swaps)
    assert one == pytest.approx(four)


def test_neither_the_order_of_models_nor_that_of_dialogues_matters():
    test, (first, second) = made_up()
    swaps = draw_swaps(8, 256, None)
    p = permutation_p(count(test, first), count(test, second), swaps)
    assert permutation_p(count(test, second), count(test, first), swaps) == pytest.approx(p)
    order = np.random.default_rng(0).permutation(40)
    shuffled = questions(test.truth[order], np.repeat(np.arange(8), 5)[order])
    counts = count(shuffled, first[:, order]), count(shuffled, second[:, order])
    assert permutation_p(*counts, swaps) == pytest.approx(p)


def test_equal_models_have_p_1_and_a_sample_never_has_p_0():
    test, (first, _) = made_up(dialogues=20)
    perfect, wrong = test.truth[None], (test.truth[None] + 1) % 3
    swaps = draw_swaps(20, 99, np.random.default_rng(0))
    assert not swaps.exact
    assert set(permutation_p(count(test, first), count(test, first), swaps).values()) == {1.0}
    assert permutation_p(count(test, perfect), count(test, wrong), swaps)["accuracy"] == 0.01


def test_identical_models_are_called_different_in_5_per_cent_of_test_sets():
    """Utterances of a dialogue are right or wrong together, as they tend to be."""
    rng, sets, dialogues, length = np.random.default_rng(0), 1000, 40, 8
    names = np.repeat(np.arange(dialogues), length)
    swaps = draw_swaps(dialogues, 199, rng)
    called = dict.fromkeys(compared_by("labels"), 0)
    for _ in range(sets):
        truth = rng.integers(0, 4, dialogues * length)
        skill = np.repeat(rng.beta(1, 1, (2, dialogues)), length, axis=1)
        right = rng.random(skill.shape) < skill
        said = np.where(right, truth, rng.integers(0, 4, skill.shape))
        test = questions(truth, names, 4)
        p = permutation_p(count(test, said[:1]), count(test, said[1:]), swaps)
        called = {name: called[name] + (p[name] <= 0.05) for name in compared_by("labels")}
    for name, times in called.items():
        assert times / sets == pytest.approx(0.05, abs=0.014), name
