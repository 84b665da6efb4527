import json

import numpy as np
import pytest
from helpers import simulation

from ercbench.corpora.simulated.simulation import simulate
from ercbench.errors import ErcbenchError
from ercbench.features.store.checksums import CHECKSUMS
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import CORPUS, MANIFEST

CORPUS_AND_FEATURES = simulate(simulation(train=3, validation=2, test=2))
CORPUS_MADE, FEATURES = CORPUS_AND_FEATURES


@pytest.fixture
def store(tmp_path):
    with FeatureStore.creating(tmp_path / "store", CORPUS_MADE) as made:
        for modality, values in FEATURES.items():
            made.add(modality, "simulated", values, encoder="test", fitted_on=[])
    return FeatureStore(tmp_path / "store")


def add(store, values, name="new", **options):
    return store.add("text", name, values, encoder="test", fitted_on=None, **options)


def test_a_store_gives_back_what_went_in(store):
    assert store.corpus == CORPUS_MADE
    assert store.keys() == ["audio:simulated", "text:simulated", "visual:simulated"]
    features = store.open("text", "simulated")
    np.testing.assert_array_equal(features.rows(3, 9), FEATURES["text"][3:9])
    assert features.present.all()
    assert features.width == FEATURES["text"].shape[1]
    assert features.metadata["fitted_on"] == []


def test_two_stores_of_the_same_values_are_the_same_bytes(store, tmp_path):
    with FeatureStore.creating(tmp_path / "again", CORPUS_MADE) as made:
        made.add("text", "simulated", FEATURES["text"], encoder="test", fitted_on=[])
    for name in (MANIFEST, "text.simulated.safetensors"):
        assert (store.folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_half_precision_is_kept_on_disk_and_read_as_single(store):
    values = FEATURES["text"].astype(np.float16)
    rows = add(store, values).rows(0, len(values))
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, values.astype(np.float32))


def test_rows_that_are_not_finite_become_missing_and_are_counted(store):
    values = FEATURES["text"].copy()
    values[2, 0], values[5, 1] = np.nan, np.inf
    with pytest.warns(UserWarning, match="text:new: 2 rows hold NaN or infinity"):
        features = add(store, values)
    assert list(np.flatnonzero(~features.present)) == [2, 5]
    assert np.isfinite(features.rows(0, len(values))).all()


def test_values_whose_squares_overflow_are_refused(store):
    values = np.ones((store.count, 2), np.float32)
    values[3, 1] = -3e38
    with pytest.raises(ErcbenchError, match=r"'text:large': hold 3e\+38; expected values below"):
        store.add("text", "large", values, encoder="x", fitted_on=None)


def test_a_broken_modality_is_refused_and_leaves_nothing(store):
    values = FEATURES["text"].copy()
    values[: len(values) // 3] = np.nan
    with (
        pytest.warns(UserWarning, match="rows hold NaN"),
        pytest.raises(ErcbenchError, match="33% of the rows.*at most 20%"),
    ):
        add(store, values, most_missing=0.2)
    assert "text:new" not in store.keys()


def test_rows_that_do_not_match_the_manifest_are_refused(store):
    with pytest.raises(ErcbenchError, match="has .* utterances; expected"):
        add(store, FEATURES["text"][:-1])


@pytest.mark.filterwarnings("ignore:.*had no checksum")
def test_a_manifest_replaced_in_a_store_without_checksums_is_noticed(store):
    other, _ = simulate(simulation(train=3, validation=2, test=2, seed=8))
    with FeatureStore.creating(store.folder.parent / "other", other):
        pass
    for name in (MANIFEST, CORPUS):
        (store.folder.parent / "other" / name).replace(store.folder / name)
    (store.folder / CHECKSUMS).unlink()
    with pytest.raises(ErcbenchError, match="made for another manifest"):
        FeatureStore(store.folder).open("text", "simulated")


def test_a_truncated_feature_file_without_a_checksum_is_named(store):
    path = store.folder / "text.simulated.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    (store.folder / CHECKSUMS).unlink()
    with pytest.raises(ErcbenchError, match="text.simulated.safetensors: not a whole feature file"):
        store.open("text", "simulated")


def test_damaged_or_missing_parts_of_a_store_are_named(store):
    (store.folder / CORPUS).write_text("{")
    with pytest.raises(ErcbenchError, match=r"corpus\.json: damaged or replaced"):
        FeatureStore(store.folder)
    (store.folder / CHECKSUMS).unlink()
    with pytest.raises(ErcbenchError, match="is damaged.*Prepare the store again"):
        FeatureStore(store.folder)
    (store.folder / CORPUS).unlink()
    with pytest.raises(ErcbenchError, match=f"no {CORPUS}"):
        FeatureStore(store.folder)
    with pytest.raises(ErcbenchError, match="No feature store at"):
        FeatureStore(store.folder / "nowhere")


def test_a_split_of_unknown_conversations_in_corpus_json_is_refused(store):
    path = store.folder / CORPUS
    description = json.loads(path.read_text())
    description["splits"]["simulated"]["train"].append("nobody")
    path.write_text(json.dumps(description))
    (store.folder / CHECKSUMS).unlink()
    with pytest.raises(ErcbenchError, match="is damaged .*nobody"):
        FeatureStore(store.folder)


def test_sets_are_chosen_by_modality_or_by_name(store):
    add(store, FEATURES["text"], name="other")
    assert [s.key for s in store.select(["audio", "text:other"])] == [
        "audio:simulated",
        "text:other",
    ]
    with pytest.raises(ErcbenchError, match=r"several sets \(text:other, text:simulated\)"):
        store.select(["text"])
    with pytest.raises(ErcbenchError, match="no set for 'smell'"):
        store.select(["smell"])
    with pytest.raises(ErcbenchError, match="at most one per modality"):
        store.select(["text:other", "text:simulated"])


def test_a_failed_making_leaves_no_store(tmp_path):
    with pytest.raises(RuntimeError), FeatureStore.creating(tmp_path / "store", CORPUS_MADE):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
