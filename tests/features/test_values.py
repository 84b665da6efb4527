"""Values in blocks are the file that safetensors writes of the whole, and are never held whole."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load_file, save_file
from small import talk

from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import sha256_of_values
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.values import UsableRows, ValueBlocks, write_values

SOME = arrays(
    st.sampled_from([np.float16, np.float32, np.float64]),
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.floats(-4, 4, width=16),
)


@settings(max_examples=30, deadline=None)
@given(values=SOME, at_once=st.integers(1, 5), text=st.text(), data=st.data())
def test_the_bytes_are_those_of_the_whole(tmp_path_factory, values, at_once, text, data):
    folder = tmp_path_factory.mktemp("values")
    present = data.draw(arrays(bool, len(values)))
    blocks = [values[first : first + at_once] for first in range(0, len(values), at_once)]
    usable = UsableRows("text:some", present.copy())
    told = {"encoder": text, "values_sha256": None, "more": [text]}
    write_values(folder / "ours", ValueBlocks(values.shape, values.dtype, blocks), usable, 1, told)
    zeroed = np.where(present[:, None], values, 0).astype(values.dtype)
    told["values_sha256"] = sha256_of_values([zeroed], present)
    metadata = {"ercbench": json.dumps(told)}
    save_file({"values": zeroed, "present": present}, folder / "whole", metadata=metadata)
    assert (folder / "ours").read_bytes() == (folder / "whole").read_bytes()


def test_rows_that_are_not_finite_are_found_in_every_block(tmp_path):
    values = np.ones((40_000, 2), np.float32)
    values[[3, 20_000, 39_999], 1] = np.nan
    usable = UsableRows("text:some", np.ones(len(values), bool))
    with pytest.warns(UserWarning, match="text:some: 3 rows hold NaN"):
        write_values(tmp_path / "set", ValueBlocks.of(values), usable, 1, {})
    assert np.flatnonzero(~load_file(tmp_path / "set")["present"]).tolist() == [3, 20_000, 39_999]
    assert load_file(tmp_path / "set")["values"][3].tolist() == [0, 0]


def test_what_is_refused_leaves_nothing(tmp_path):
    usable = UsableRows("text:some", np.zeros(9, bool))
    with pytest.raises(ErcbenchError, match="100% of the rows are missing"):
        write_values(tmp_path / "set", ValueBlocks.of(np.ones((9, 2))), usable, 0.5, {})
    assert not list(tmp_path.iterdir())


def test_a_set_larger_than_memory_can_be_added_and_checked(tmp_path):
    """Of 120 blocks of 1 MB, a few are in memory at a time."""
    with FeatureStore.creating(tmp_path / "store", talk(120)):
        pass
    store = FeatureStore(tmp_path / "store")
    width = 1 << 18
    rows = (np.full((1, width), row, np.float32) for row in range(store.count))
    blocks = ValueBlocks((store.count, width), np.dtype(np.float32), rows)
    tracemalloc.start()
    try:
        store.add("text", "wide", blocks, encoder="none", fitted_on=[])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20 < store.count * width * 4
    assert store.open("text", "wide").rows(100, 101)[0, -1] == 100
