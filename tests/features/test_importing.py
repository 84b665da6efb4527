import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from ercbench.corpora.community.read import read_community, with_utterance_ids
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.blocks import of_modality, read_blocks
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.importing import add_placed, place
from ercbench.features.store.keyed import read_keyed

IDS = [f"c{i // 3}-{i % 3}" for i in range(30)]
VALUES = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


def import_features(store, modality, name, files, fitted_on=None, ids=None, most_missing=0.2):
    blocks = of_modality(read_blocks(modality, files, ids), modality)
    return add_placed(store, place(store.corpus, modality, name, blocks), fitted_on, most_missing)


@pytest.fixture
def corpus():
    conversations = tuple(
        Conversation(f"c{i}", tuple(Utterance(id, "Ann") for id in IDS[3 * i : 3 * i + 3]))
        for i in range(10)
    )
    names = [c.id for c in conversations]
    split = Split(tuple(names[:6]), tuple(names[6:8]), tuple(names[8:]))
    return Corpus("mine", ("joy",), conversations, {"given": split})


@pytest.fixture
def store(tmp_path, corpus):
    with FeatureStore.creating(tmp_path / "store", corpus):
        pass
    return FeatureStore(tmp_path / "store")


def write_npz(folder, ids, values):
    np.savez(folder / "f.npz", utterance_id=np.array(ids), features=values)
    return folder / "f.npz", None


def write_npz_by_id(folder, ids, values):
    np.savez(folder / "f.npz", **dict(zip(ids, values, strict=True)))
    return folder / "f.npz", None


def write_npy(folder, ids, values):
    np.save(folder / "f.npy", values)
    (folder / "f.txt").write_text("\n".join(ids) + "\n")
    return folder / "f.npy", folder / "f.txt"


def write_parquet(folder, ids, values):
    pq.write_table(pa.table({"utterance_id": ids, "v": list(values)}), folder / "f.parquet")
    return folder / "f.parquet", None


def write_parquet_columns(folder, ids, values):
    columns = {f"v{i}": column for i, column in enumerate(values.T)}
    pq.write_table(pa.table({"id": ids, **columns}), folder / "f.parquet")
    return folder / "f.parquet", None


def write_safetensors(folder, ids, values):
    save_file(dict(zip(ids, values, strict=True)), folder / "f.safetensors")
    return folder / "f.safetensors", None


WRITERS = [
    *(write_npz, write_npz_by_id, write_npy),
    *(write_parquet, write_parquet_columns, write_safetensors),
]


@pytest.mark.parametrize("write", WRITERS)
def test_rows_come_in_manifest_order_whatever_the_file_and_its_order(store, tmp_path, write):
    turned = np.random.default_rng(1).permutation(30)
    path, ids = write(tmp_path, [IDS[i] for i in turned], VALUES[turned])
    features = import_features(store, "audio", "mine", path, ids=ids)
    np.testing.assert_array_equal(features.rows(0, 30), VALUES)
    assert features.present.all()
    assert features.metadata["fitted_on"] is None


def test_ids_are_compared_in_one_unicode_form(tmp_path):
    turns = (Utterance("caf\u00e9-0", "Ann"), Utterance("na\u00ef-1", "Ann"))
    corpus = Corpus("mine", ("joy",), (Conversation("c", turns),), {})
    with FeatureStore.creating(tmp_path / "store", corpus) as store:
        path, _ = write_npz(tmp_path, ["nai\u0308-1", "cafe\u0301-0"], VALUES[:2])
        features = import_features(store, "audio", "mine", path)
        np.testing.assert_array_equal(features.rows(0, 2), VALUES[[1, 0]])


def test_what_the_user_knows_of_the_encoder_is_recorded(store, tmp_path):
    path, _ = write_npz(tmp_path, IDS, VALUES)
    features = import_features(store, "text", "mine", path, fitted_on=["c0"])
    assert features.metadata["fitted_on"] == ["c0"]
    assert features.metadata["source"] == "f.npz"


def test_ids_that_match_nothing_are_counted_and_named_and_rows_lacking_are_missing(store, tmp_path):
    path, _ = write_npz(tmp_path, [*IDS[:28], "x1", "x2"], VALUES)
    with pytest.warns(UserWarning, match="rows match|have no row") as warned:
        features = import_features(store, "audio", "mine", path)
    messages = " ".join(str(warning.message) for warning in warned)
    assert "2 rows match no utterance: x1, x2" in messages
    assert "2 utterances have no row: c9-1, c9-2" in messages
    assert np.flatnonzero(~features.present).tolist() == [28, 29]


def test_a_file_of_another_corpus_is_refused(store, tmp_path):
    path, _ = write_npz(tmp_path, [f"x{i}" for i in range(30)], VALUES)
    with pytest.raises(ErcbenchError, match=r"none of its 30 ids \(x0, x1.*manifest \(c0-0"):
        import_features(store, "audio", "mine", path)


@pytest.mark.shared
def test_the_four_broken_rows_of_the_real_audio_become_missing(shared_data, tmp_path):
    audio = shared_data / "iemocap" / "audio_stats.npz"
    corpus = read_community(shared_data / "iemocap" / "cosmic_iemocap.pkl").corpus
    named = with_utterance_ids(corpus, read_keyed(audio).ids)
    with FeatureStore.creating(tmp_path / "store", named):
        pass
    store = FeatureStore(tmp_path / "store")
    with pytest.warns(UserWarning, match="4 rows hold NaN"):
        features = import_features(store, "audio", "stats", audio)
    values = features.rows(0, 7433)
    assert (values.shape, features.present.sum()) == ((7433, 136), 7429)
    with np.load(audio) as arrays:
        np.testing.assert_array_equal(values[:6], arrays["features"][:6])
