from math import comb

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from ercbench.data.batch import IGNORE
from ercbench.models.base.ensemble import STEPS, choose_weights, mix, shares


def examples(outputs, rows=40, classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(outputs, rows, classes, generator=generator)
    return logits.softmax(-1), torch.randint(0, classes, (rows,), generator=generator)


def test_shares_are_all_ways_to_share_out_one_in_tenths():
    for parts in (1, 2, 3, 4):
        all_ways = list(shares(parts))
        assert len(set(all_ways)) == len(all_ways) == comb(STEPS + parts - 1, parts - 1)
        assert all(sum(weights) == pytest.approx(1) and min(weights) >= 0 for weights in all_ways)


@pytest.mark.parametrize(("seed", "outputs"), [(0, 1), (1, 2), (2, 3)])
def test_no_other_weights_score_better_on_validation(seed, outputs):
    probabilities, labels = examples(outputs, seed=seed)
    judges = {
        "accuracy": accuracy_score,
        "weighted_f1": lambda true, found: f1_score(true, found, average="weighted"),
        "macro_f1": lambda true, found: f1_score(true, found, average="macro"),
    }
    for metric, judge in judges.items():
        weights = choose_weights(probabilities, labels, metric)
        best = judge(labels, mix(probabilities, weights).argmax(-1))
        for other in shares(outputs):
            assert judge(labels, mix(probabilities, other).argmax(-1)) <= best + 1e-6


def test_of_equals_the_first_output_is_trusted_most():
    probabilities, labels = examples(1)
    assert choose_weights(probabilities.repeat(3, 1, 1), labels, "accuracy") == (1, 0, 0)


def test_unlabelled_utterances_have_no_say():
    probabilities, labels = examples(2)
    unlabelled, known = labels.clone(), torch.arange(40) % 3 > 0
    unlabelled[~known] = IGNORE
    expected = choose_weights(probabilities[:, known], labels[known], "accuracy")
    assert choose_weights(probabilities, unlabelled, "accuracy") == expected


def test_a_mixture_of_probabilities_is_one():
    probabilities, _ = examples(3)
    mixed = mix(probabilities, (0.5, 0.2, 0.3))
    torch.testing.assert_close(mixed.sum(-1), torch.ones(40))
    torch.testing.assert_close(mixed[7], probabilities[:, 7].T @ torch.tensor([0.5, 0.2, 0.3]))
