"""Vectors judged by their nearest neighbours."""

import numpy as np
import pytest
import torch

import ercbench.models.base.embedder
from ercbench.data.batch import IGNORE
from ercbench.evaluation.encoders.retrieval import neighbour, retrieval
from ercbench.models.base.embedder import nearest_label

VECTORS = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.3]])


def test_the_nearest_other_vector_by_hand():
    """The fifth's nearest is the second, of another label; all others find their own."""
    labels = np.array([0, 0, 1, 1, 2])
    assert neighbour(VECTORS, labels)["accuracy"] == pytest.approx(4 / 5)
    assert retrieval(VECTORS, labels)["nearest"] == pytest.approx(4 / 5)


def test_average_precision_leaves_out_what_has_no_other_of_its_label():
    assert retrieval(VECTORS, np.array([0, 0, 1, 1, 2]))["average_precision"] == 1
    scattered = retrieval(VECTORS, np.array([0, 1, 0, 1, 2]))["average_precision"]
    assert scattered == pytest.approx((1 / 4 + 1 / 3 + 1 / 4 + 1 / 3) / 4)


def test_nothing_depends_on_how_long_a_vector_is():
    labels = np.array([0, 0, 1, 1, 2])
    longer = VECTORS * np.arange(1, 6)[:, None]
    assert neighbour(longer, labels) == neighbour(VECTORS, labels)


def test_a_part_compared_in_blocks_finds_the_same_neighbours(monkeypatch):
    vectors = torch.randn(23, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(23) % 5
    labels[7] = IGNORE
    whole = nearest_label(vectors, labels)
    monkeypatch.setattr(ercbench.models.base.embedder, "AT_ONCE", 4)
    assert torch.equal(nearest_label(vectors, labels), whole)
    assert IGNORE not in whole


@pytest.mark.parametrize(("labels", "found"), [([], {}), ([3], {}), ([0, 1, 2], {"nearest": 0.0})])
def test_a_score_that_is_the_mean_of_nothing_is_absent(labels, found):
    vectors = np.eye(4)[: len(labels)]
    assert retrieval(vectors, np.array(labels, dtype=np.int64)) == found
