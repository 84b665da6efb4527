"""Vectors of several encoders are brought into one space, and nothing else happens to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from ercbench.errors import ErcbenchError
from ercbench.training.alignment import read_rotations, rotation, rotations_of, write_rotations


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), width=st.integers(2, 12), count=st.integers(2, 40))
def test_a_rotation_keeps_lengths_and_angles_however_few_vectors_there_are(seed, width, count):
    rng = np.random.default_rng(seed)
    found = rotation(rng.normal(size=(count, width)), rng.normal(size=(count, width)))
    np.testing.assert_allclose(found @ found.T, np.eye(width), atol=1e-9)


def test_a_space_that_was_turned_is_turned_back():
    vectors = np.random.default_rng(0).normal(size=(200, 8))
    turned = vectors @ ortho_group.rvs(8, random_state=0)
    np.testing.assert_allclose(turned @ rotation(turned, vectors), vectors, atol=0.05)


def test_directions_of_which_the_vectors_say_nothing_stay_as_they_are():
    vectors = np.zeros((30, 6))
    vectors[:, :2] = np.random.default_rng(0).normal(size=(30, 2))
    quarter = np.eye(6)
    quarter[:2, :2] = [[0, 1], [-1, 0]]
    found = rotation(vectors @ quarter, vectors)
    np.testing.assert_allclose(found[2:, 2:], np.eye(4), atol=1e-9)
    np.testing.assert_allclose(found[:2, :2], quarter[:2, :2].T, atol=0.05)


def test_rotations_survive_the_disk_and_a_damaged_file_is_named(tmp_path):
    crossfit, turns = tmp_path / "crossfit.json", [np.eye(3, dtype=np.float32)] * 2
    write_rotations(crossfit, turns)
    np.testing.assert_array_equal(read_rotations(crossfit, 2), turns)
    with pytest.raises(ErcbenchError, match="rotations of 3 folds"):
        read_rotations(crossfit, 3)
    rotations_of(crossfit).write_bytes(b"torn")
    with pytest.raises(ErcbenchError, match="cannot be read as the rotations"):
        read_rotations(crossfit, 2)
    write_rotations(crossfit, [])
    assert read_rotations(crossfit, 2) is None
