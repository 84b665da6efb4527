import numpy as np
import pytest
import torch

from ercbench.config.compose import build_dataset
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.mosi.read import read_arrays
from ercbench.data.batch import IGNORE
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.leakage import Leak, guard
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import add_given, open_or_create
from ercbench.features.store.feature_store import FeatureStore

TALKS = {
    "a": [("X", "joy"), ("Y", "joy"), ("X", None)],
    "b": [("X", "anger"), ("X", "joy")],
    "c": [("Z", "anger")],
    "d": [("Z", "joy"), ("X", "anger")],
}
VALUES = np.arange(16, dtype=np.float32).reshape(8, 2) ** 2


def corpus():
    conversations = tuple(
        Conversation(id, tuple(Utterance(f"{id}{i}", s, label=e) for i, (s, e) in enumerate(turns)))
        for id, turns in TALKS.items()
    )
    return Corpus(
        "tiny", ("joy", "anger"), conversations, {"official": Split(("a", "b"), ("c",), ("d",))}
    )


class TinyDataModule(ConversationDataModule):
    def __init__(self, folder, fitted_on=(), present=None, values=VALUES, **options):
        super().__init__("official", **{"batch_size": 16, "window": 1, **options})
        self.folder = folder
        with FeatureStore.creating(folder, corpus()) as store:
            store.add(
                "text", "made", values, encoder="t", fitted_on=list(fitted_on), present=present
            )

    def open_store(self):
        return FeatureStore(self.folder)


def test_a_conversation_arrives_with_its_own_rows_labels_and_speakers(tmp_path):
    data = TinyDataModule(tmp_path / "s")
    item = data.part("train")[1]
    assert item.id == "b"
    np.testing.assert_array_equal(item.features["text"], VALUES[3:5])
    assert item.labels.tolist() == [1, 0]
    first = data.part("train")[0]
    assert first.labels.tolist() == [0, 0, IGNORE]
    assert first.speakers.tolist() == [0, 1, 0]
    assert data.part("test")[0].speakers.tolist() == [0, 1]


def test_the_spec_counts_training_utterances_and_pairs_only(tmp_path):
    spec = TinyDataModule(tmp_path / "s").spec
    assert spec.label_counts == [3, 1]
    # 4 pairs in a, none differing; 4 in b, of which (0, 1) and (1, 0) differ
    assert spec.shift_rate == pytest.approx(2 / 8)
    assert spec.widths == {"text": 2}


def test_statistics_come_from_present_training_rows_only(tmp_path):
    present = np.array([True, False, True, True, True, True, True, True])
    mean, deviation = TinyDataModule(tmp_path / "s", present=present).statistics["text"]
    used = VALUES[[0, 2, 3, 4]]
    np.testing.assert_allclose(mean, used.mean(0), rtol=1e-6)
    np.testing.assert_allclose(deviation, used.std(0), rtol=1e-6)


def test_a_feature_that_does_not_vary_does_not_divide_by_zero(tmp_path):
    data = TinyDataModule(tmp_path / "s", values=np.ones_like(VALUES))
    assert data.statistics["text"][1].tolist() == [1, 1]


def simulated(folder, **changes):
    """The simulated corpus, batched by two."""
    return build_dataset("simulated", folder, simulation=changes, batch_size=2)


def test_every_part_is_batched_whole(tmp_path):
    data = simulated(tmp_path, train=9, validation=3, test=4)
    loaders = (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    sizes = [sum(len(batch.conversation_ids) for batch in loader) for loader in loaders]
    assert sizes == [9, 3, 4]
    batch = next(iter(loaders[0]))
    assert list(batch.modalities) == ["text", "audio", "visual"]
    assert batch.features["text"].dtype == torch.float32


def test_the_simulated_store_is_made_once(tmp_path):
    options = {"train": 2, "validation": 1, "test": 1}
    first = simulated(tmp_path, **options).store.folder
    made = {p.name: p.stat().st_mtime_ns for p in first.glob("*.safetensors")}
    again = simulated(tmp_path, **options).store.folder
    assert again == first
    assert {p.name: p.stat().st_mtime_ns for p in again.glob("*.safetensors")} == made
    assert simulated(tmp_path, **options, seed=9).store.folder != first


def test_a_simulated_set_that_was_deleted_is_made_again(tmp_path):
    options = {"train": 2, "validation": 1, "test": 1}
    path = simulated(tmp_path, **options).store.folder / "text.simulated.safetensors"
    whole = path.read_bytes()
    path.unlink()
    assert len(simulated(tmp_path, **options).feature_sets) == 3
    assert path.read_bytes() == whole


def test_features_that_saw_test_labels_stop_the_run(tmp_path):
    data = TinyDataModule(tmp_path / "s", fitted_on=["a", "d"])
    split = data.corpus.split("official")
    with pytest.raises(ErcbenchError, match="text:made saw the labels of 1 of 1 test"):
        guard(split, data.feature_sets, allow=False)
    with pytest.warns(UserWarning, match="Leakage"):
        leaks = guard(split, data.feature_sets, allow=True)
    assert leaks == (Leak("text:made", "test", 1, 1),)


def test_features_that_saw_validation_labels_stop_the_run_with_a_next_step(tmp_path):
    data = TinyDataModule(tmp_path / "s", fitted_on=["a", "c"])
    split = data.corpus.split("official")
    said = "text:made saw the labels of 1 of 1 validation .* choose nothing.*features=text:minilm"
    with pytest.raises(ErcbenchError, match=said):
        guard(split, data.feature_sets, allow=False)
    with pytest.warns(UserWarning, match="1 of 1 validation"):
        leaks = guard(split, data.feature_sets, allow=True)
    assert [leak.part for leak in leaks] == ["validation"]


def test_every_leak_is_named(tmp_path):
    data = TinyDataModule(tmp_path / "s", fitted_on=["c", "d"])
    with pytest.raises(ErcbenchError, match="1 of 1 validation .*1 of 1 test .*what it seems"):
        guard(data.corpus.split("official"), data.feature_sets, allow=False)


def test_of_several_sets_one_that_has_seen_no_labels_is_proposed(tmp_path):
    data = TinyDataModule(tmp_path / "s", fitted_on=["c"])
    data.store.add("text", "plain", VALUES, encoder="t", fitted_on=[])
    with pytest.raises(ErcbenchError, match=r"text:made, text:plain.*features=text:plain$"):
        _ = data.feature_sets


def test_features_that_saw_training_labels_only_pass(tmp_path, recwarn):
    data = TinyDataModule(tmp_path / "s", fitted_on=["a", "b"])
    assert guard(data.corpus.split("official"), data.feature_sets, allow=False) == ()
    assert not recwarn.list


def test_wrong_settings_are_named(tmp_path):
    with pytest.raises(ErcbenchError, match=r"dataset\.batch_size=0"):
        TinyDataModule(tmp_path / "s", batch_size=0)


def test_mosi_that_was_not_prepared_says_the_way_to_it(tmp_path):
    with pytest.raises(ErcbenchError, match=r"ercbench prepare corpus=mosi root=PATH text=minilm"):
        build_dataset("mosi", tmp_path).open_store()


@pytest.mark.shared
def test_the_arrays_of_real_mosi_know_validation_labels_on_every_split(shared, tmp_path):
    source = read_arrays(shared / "data" / "mosi")
    with open_or_create(source.corpus, tmp_path / "mosi") as store:
        add_given(store, source, 0.2)
    data = build_dataset("mosi", tmp_path)
    assert len(data.feature_sets) == 3
    for features in data.feature_sets:
        saw = f"{features.modality}:contextual saw the labels of "
        with pytest.raises(ErcbenchError, match=f"{saw}13 of 13 validation"):
            guard(data.corpus.split("poria"), [features], allow=False)
        with pytest.raises(ErcbenchError, match=f"{saw}24 of 31 test"):
            guard(data.corpus.split("standard"), [features], allow=False)
