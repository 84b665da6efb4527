from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.data.balanced import BalancedBatchSampler
from ercbench.data.batch import IGNORE
from ercbench.errors import ErcbenchError

LABELS = [0] * 50 + [1] * 20 + [2] * 10 + [IGNORE] * 5 + [3] * 3 + [4]


def batches(labels=LABELS, classes=3, members=4, seed=1, epoch=0):
    sampler = BalancedBatchSampler(labels, classes, members, seed, lambda: epoch)
    made = list(sampler)
    assert len(made) == len(sampler)
    return made


@given(
    labels=st.lists(st.integers(0, 5), min_size=2, max_size=60).filter(lambda ls: len(set(ls)) > 1),
    classes=st.integers(2, 6),
    members=st.integers(2, 5),
)
@settings(max_examples=60, deadline=None)
def test_a_batch_has_so_many_members_of_so_many_classes_and_nobody_twice(labels, classes, members):
    sizes = Counter(labels)
    classes = min(classes, len(sizes))
    made = batches(labels, classes, members)
    assert len(made) == -(-len(labels) // (classes * members))
    for batch in made:
        found = Counter(labels[i] for i in batch)
        assert len(found) == classes
        assert len(set(batch)) == len(batch)
        assert all(count == min(members, sizes[label]) for label, count in found.items())


def test_classes_come_equally_often_whatever_their_size():
    drawn = Counter(LABELS[i] for epoch in range(20) for b in batches(epoch=epoch) for i in b)
    assert drawn[0] == pytest.approx(drawn[1], rel=0.15)
    assert drawn[0] == pytest.approx(drawn[2], rel=0.15)
    assert drawn[IGNORE] == 0


def test_the_members_of_a_class_take_turns():
    drawn = Counter(i for e in range(40) for b in batches(epoch=e) for i in b if LABELS[i] == 0)
    assert set(drawn) == set(range(50))
    made = [i for b in batches([0] * 12 + [1] * 12, 2, 4) for i in b]
    assert sorted(made) == list(range(24))


def test_the_only_one_of_its_class_is_in_every_batch_of_its_class_once():
    only = len(LABELS) - 1
    for batch in batches(classes=5):
        assert batch.count(only) == 1
        assert len(batch) == 4 + 4 + 4 + 3 + 1


def test_the_order_is_reproducible_and_changes_with_epoch_and_seed():
    assert batches() == batches()
    assert batches() != batches(epoch=1)
    assert batches() != batches(seed=2)


def test_the_epoch_is_asked_when_a_pass_begins():
    now = [0]
    sampler = BalancedBatchSampler(LABELS, 3, 4, 1, lambda: now[0])
    first = list(sampler)
    now[0] = 1
    assert list(sampler) == batches(epoch=1) != first


@pytest.mark.parametrize(
    ("labels", "classes", "members", "message"),
    [
        (LABELS, 6, 4, "classes=6: expected 2 to 5, the classes that occur"),
        (LABELS, 1, 4, "classes=1: expected 2 to 5"),
        (LABELS, 3, 1, "members=1: expected 2 or more"),
        ([0, 0, IGNORE], 2, 2, "Labels of 1 classes: expected at least 2"),
        ([], 2, 2, "Labels of 0 classes"),
    ],
)
def test_numbers_that_allow_no_triplet_are_named(labels, classes, members, message):
    with pytest.raises(ErcbenchError, match=message):
        batches(labels, classes, members)
