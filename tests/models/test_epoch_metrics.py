"""Metrics while a model trains: over whole epochs, whatever the batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ercbench.data.batch import IGNORE
from ercbench.metrics import metrics_of
from ercbench.models.base.metrics import ConversationMetrics, previous_in_batch

CLASSES = 4


def random_batches(seed, count, occurring):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shape = (int(rng.integers(1, 4)), int(rng.integers(1, 7)))
        labels = torch.from_numpy(rng.choice([IGNORE, *occurring], size=shape))
        yield torch.randn(*shape, CLASSES), labels, torch.from_numpy(rng.integers(0, 2, shape))


def scored(batches):
    metric = ConversationMetrics()
    for batch in batches:
        metric.update(*batch)
    return metric.compute()


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 4),
    occurring=st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True),
)
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_scores_are_sklearns_over_all_batches_together(seed, count, occurring):
    batches = list(random_batches(seed, count, occurring))
    known = [labels != IGNORE for _, labels, _ in batches]
    true = torch.cat([own[1][mask] for own, mask in zip(batches, known, strict=True)]).tolist()
    found = [own[0].argmax(-1)[mask] for own, mask in zip(batches, known, strict=True)]
    predicted = torch.cat(found).tolist()
    if not true:
        return
    scores = scored(batches)
    assert set(scores) == {own.name for own in metrics_of("labels")}
    assert scores["accuracy"].item() == pytest.approx(sk.accuracy_score(true, predicted))
    for average in ("weighted", "macro"):
        expected = sk.f1_score(true, predicted, average=average, zero_division=0)
        assert scores[f"{average}_f1"].item() == pytest.approx(expected, abs=1e-6)


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
    metric = ConversationMetrics()
    for batch in random_batches(0, 3, [0, 1]):
        metric.update(*batch)
    metric.reset()
    batches = list(random_batches(1, 3, [0, 1, 2, 3]))
    for batch in batches:
        metric.update(*batch)
    assert metric.compute()["accuracy"] == scored(batches)["accuracy"]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_speakers_previous_label_by_walking_through(seed):
    _, labels, speakers = next(random_batches(seed, 1, [0, 1]))
    previous = previous_in_batch(labels, speakers)
    for b in range(len(labels)):
        last = {}
        for t, (label, speaker) in enumerate(zip(labels[b], speakers[b], strict=True)):
            assert previous[b, t] == last.get(int(speaker), -1)
            if label != IGNORE:
                last[int(speaker)] = int(label)
