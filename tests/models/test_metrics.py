import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ercbench.data.batch import IGNORE
from ercbench.models.base.metrics import ConversationMetrics, shifts_and_stays

CLASSES = 4


def random_batches(seed, count, occurring):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shape = (int(rng.integers(1, 4)), int(rng.integers(1, 7)))
        labels = torch.from_numpy(rng.choice([IGNORE, *occurring], size=shape))
        yield torch.randn(*shape, CLASSES), labels, torch.from_numpy(rng.integers(0, 2, shape))


def scored(batches):
    metric = ConversationMetrics(CLASSES)
    for batch in batches:
        metric.update(*batch)
    return metric.compute()


def flat(batches, choose):
    true, predicted = [], []
    for logits, labels, speakers in batches:
        chosen = choose(labels, speakers)
        true += labels[chosen].tolist()
        predicted += logits.argmax(-1)[chosen].tolist()
    return true, predicted


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 4),
    occurring=st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_scores_are_sklearns_over_all_batches_together(seed, count, occurring):
    batches = list(random_batches(seed, count, occurring))
    true, predicted = flat(batches, lambda labels, _: labels != IGNORE)
    if not true:
        return
    scores = scored(batches)
    assert scores["accuracy"].item() == pytest.approx(sk.accuracy_score(true, predicted))
    for average in ("weighted", "macro"):
        expected = sk.f1_score(true, predicted, average=average, zero_division=0)
        assert scores[f"{average}_f1"].item() == pytest.approx(expected, abs=1e-6)
    classes = list(range(CLASSES))
    expected = sk.f1_score(true, predicted, average=None, labels=classes, zero_division=0)
    np.testing.assert_allclose(scores["class_f1"], expected, atol=1e-6)
    expected = sk.confusion_matrix(true, predicted, labels=classes)
    np.testing.assert_array_equal(scores["confusion"], expected)
    for name, which in (("shift_f1", 0), ("stay_f1", 1)):
        true, predicted = flat(batches, lambda y, s, w=which: shifts_and_stays(y, s)[w])
        if true:
            expected = sk.f1_score(true, predicted, average="weighted", zero_division=0)
            assert scores[name].item() == pytest.approx(expected, abs=1e-6)
        else:
            assert scores[name].isnan()


@pytest.mark.parametrize("right", [True, False])
def test_a_single_utterance_can_be_scored(right):
    logits = torch.tensor([[[9.0, 0, 0, 0]]])
    scores = scored([(logits, torch.tensor([[0 if right else 1]]), torch.zeros(1, 1))])
    assert scores["accuracy"] == scores["weighted_f1"] == float(right)


def test_a_score_is_over_the_epoch_not_a_mean_of_batches():
    right, wrong = torch.tensor([[[9.0, 0, 0, 0]]]), torch.tensor([[[0, 9.0, 0, 0]] * 3])
    zeros = torch.zeros
    batches = [
        (right, zeros(1, 1, dtype=torch.long), zeros(1, 1)),
        (wrong, zeros(1, 3, dtype=torch.long), zeros(1, 3)),
    ]
    assert scored(batches)["accuracy"].item() == 0.25


def test_reset_forgets():
    metric = ConversationMetrics(CLASSES)
    for batch in random_batches(0, 3, [0, 1]):
        metric.update(*batch)
    metric.reset()
    batches = list(random_batches(1, 3, [0, 1, 2, 3]))
    for batch in batches:
        metric.update(*batch)
    assert metric.compute()["accuracy"] == scored(batches)["accuracy"]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_shifts_and_stays_by_walking_through(seed):
    _, labels, speakers = next(random_batches(seed, 1, [0, 1]))
    shifts, stays = shifts_and_stays(labels, speakers)
    for b in range(len(labels)):
        last = {}
        for t, (label, speaker) in enumerate(zip(labels[b], speakers[b], strict=True)):
            label, speaker = int(label), int(speaker)
            known = label != IGNORE and speaker in last
            assert bool(shifts[b, t]) == (known and last[speaker] != label)
            assert bool(stays[b, t]) == (known and last[speaker] == label)
            if label != IGNORE:
                last[speaker] = label
