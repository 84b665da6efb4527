"""A public model that was trained on a corpus cannot make features to be tested on it."""

import json
import shutil

import pytest
from small import talk

from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.make import make_encoder
from ercbench.features.encoders.provenance import TRAINED_ON, labels_seen, trained_on
from ercbench.features.store.extraction import extract
from ercbench.features.store.feature_store import FeatureStore


def model(folder, name="model", card=None, **config):
    """A folder that holds what is looked at: config.json and maybe a card."""
    folder = folder / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    if card is not None:
        (folder / "README.md").write_text(card)
    return folder


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("emoberta-base", {}, ("iemocap", "meld")),
        ("models--superb--hubert-base-superb-er/snapshots/0a1b", {}, ("iemocap",)),
        ("mine", {"_name_or_path": "emotion2vec/emotion2vec_plus_base"}, ("iemocap", "meld")),
        ("wav2vec2-IEMOCAP", {}, ("iemocap",)),
        ("roberta_meld_v2", {}, ("meld",)),
        ("cmu-mosi-bert", {}, ("mosi",)),
        ("melding-bert", {}, ()),
        ("roberta-base", {"_name_or_path": ""}, ()),
        ("vit-face-expression", {"id2label": {"0": "angry"}}, ()),
        ("resnet", {"id2label": {"0": "tench, Tinca tinca"}}, ()),
        ("mine", {"id2label": {"0": "Anger", "1": "Joy"}}, None),
    ],
)
def test_a_name_or_classes_tell_what_a_model_was_trained_on(tmp_path, name, config, expected):
    assert trained_on(str(model(tmp_path, name, **config))) == expected


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\ndatasets:\n- declare-lab/MELD\n---\nA model.", ("meld",)),
        ("---\ndatasets: go_emotions\n---\n", ()),
        ("---\nlanguage: en\n---\nTested on MELD.", None),
        ("---\n[: no yaml\n---\n", None),
        ("no head", None),
        ("", None),
    ],
)
def test_the_head_of_a_model_card_is_read(tmp_path, card, expected):
    assert trained_on(str(model(tmp_path, card=card, id2label={"0": "joy"}))) == expected


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_damaged_config_says_nothing(tmp_path, content):
    folder = model(tmp_path)
    (folder / "config.json").write_text(content)
    assert trained_on(str(folder)) == ()
    assert trained_on("minilm") == trained_on("roberta-large") == ()


def test_what_is_listed_is_found_by_lower_case_names():
    assert all(name == name.lower() and "/" not in name for name in TRAINED_ON)


@pytest.mark.parametrize("corpus", ["meld", "talk"])
def test_features_of_the_corpus_it_was_trained_on_are_marked(tiny_roberta, tmp_path, corpus):
    folder = tmp_path / "emoberta-base"
    shutil.copytree(tiny_roberta, folder)
    own = talk(6)
    own = Corpus(corpus, own.labels, own.conversations, {})
    encoder = make_encoder("text", str(folder))
    expected = [conversation.id for conversation in own.conversations] if corpus == "meld" else []
    assert labels_seen(encoder, own) == expected
    with FeatureStore.creating(tmp_path / "store", own):
        pass
    features = extract(FeatureStore(tmp_path / "store"), encoder, extraction_settings())
    assert features.metadata["fitted_on"] == expected


def test_weights_of_another_architecture_are_refused(tiny_roberta, tiny_wav2vec2, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(tiny_roberta, folder)
    shutil.copy(tiny_wav2vec2 / "model.safetensors", folder)
    from small import said

    with pytest.raises(ErcbenchError, match="weights are of another architecture .*RobertaModel"):
        make_encoder("text", str(folder)).encode(said("hello"))
