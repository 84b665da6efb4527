"""Training needs labels to learn from and to choose the epoch on; testing needs none."""

from dataclasses import replace

import numpy as np
import pytest

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.labels import check_labels
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore

SPLIT = Split(("a",), ("b",), ("c",))


def corpus(labels=("joy", "anger"), split=SPLIT, **given):
    """Three conversations whose labels can be given by the conversation's id."""
    told = {"a": ("joy", "anger"), "b": ("joy",), "c": ("anger",)} | given
    conversations = tuple(
        Conversation(
            id,
            tuple(Utterance(f"{id}{i}", "X", label=label) for i, label in enumerate(said)),
        )
        for id, said in told.items()
    )
    return Corpus("tiny", labels, conversations, {"official": split})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"a": (None, None)}, "no utterance of its train part has a label"),
        ({"b": (None,)}, "no utterance of its validation part has a label"),
        (
            {"labels": ("joy",), "a": ("joy",), "c": ("joy",)},
            r"found the label\(s\) joy; expected two",
        ),
        ({"labels": (), "a": (None,), "b": (None,), "c": (None,)}, r"found the label\(s\) none"),
    ],
)
def test_a_split_that_nothing_can_be_learned_from_is_refused(changes, said):
    with pytest.raises(ErcbenchError, match=said):
        check_labels(corpus(**changes), "official")


def test_a_test_part_may_be_without_labels():
    check_labels(corpus(c=(None,)), "official")


class Stored(ConversationDataModule):
    def __init__(self, folder, spoken):
        super().__init__("official", batch_size=2, window=1)
        self.folder = folder
        with FeatureStore.creating(folder, spoken) as store:
            values = np.zeros((store.count, 2), np.float32)
            store.add("text", "made", values, encoder="none", fitted_on=[])

    def open_store(self):
        return FeatureStore(self.folder)


def test_no_model_is_built_of_such_a_split(tmp_path):
    data = Stored(tmp_path / "store", corpus(b=(None,)))
    with pytest.raises(ErcbenchError, match="validation part has a label"):
        _ = data.spec


def test_a_part_without_conversations_is_named(tmp_path):
    data = Stored(tmp_path / "store", corpus())
    split = replace(SPLIT, test=())
    object.__setattr__(data.corpus, "splits", {"official": split})
    assert data.spec.label_counts == [1, 1]
    with pytest.raises(ErcbenchError, match="no conversation in its test part"):
        data.test_dataloader()
