"""What `ercbench finetune` is told to train on, found or said not to be there."""

import pytest
from helpers import compose_in

from ercbench.config.explain import explain
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.features.store.feature_store import FeatureStore
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.training.encoder_inputs import material


@pytest.fixture
def told(tmp_path):
    """Returns what settings of `finetune` lead to, beside a store with these splits."""

    def found(*overrides, splits=("given",)):
        turns = [Utterance(f"{id}0", "Ann", "Oh.", "joy") for id in "abc"]
        conversations = tuple(Conversation(turn.id[0], (turn,)) for turn in turns)
        split = Split(("a",), ("b",), ("c",))
        corpus = Corpus("mine", ("joy", "sad"), conversations, dict.fromkeys(splits, split))
        with FeatureStore.creating(tmp_path / "stores" / "mine", corpus):
            pass
        stores = f"stores={tmp_path}/stores"
        config = compose_in(tmp_path, stores, *overrides, command="finetune")
        return material(config, UtteranceEmbedder, None)

    return found


@pytest.mark.parametrize("corpus", [(), ("corpus=csv",)])
def test_a_store_of_ones_own_is_read_in_its_only_split(told, corpus):
    corpus, split, folder = told("store=mine", *corpus)
    assert (corpus.name, split, folder.name) == ("mine", "given", "mine")


def test_the_split_can_be_named(told):
    assert told("store=mine", "split=b", splits=("a", "b"))[1] == "b"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("corpus=foo",), "No corpus 'foo'; there are: csv, iemocap"),
        (("corpus=csv",), "store is not set (there: mine)"),
        (("corpus=meld",), "store=meld: no such store"),
        (("corpus=meld", "store=mine"), "holds corpus 'mine', expected 'meld'"),
        (("store=../stores/mine",), "no such store"),
        (("store=mine",), "split is not set, and corpus 'mine' has no usual one; it has: a, b"),
        (("store=mine", "folds=0"), "folds=0: expected at least 1"),
    ],
)
def test_what_is_not_there_is_told_with_what_there_is(told, settings, message):
    with pytest.raises(Exception) as caught:
        told(*settings, splits=("a", "b"))
    assert message in explain(caught.value)
