"""A corpus and names of encoders become one store."""

import numpy as np
import pytest
from small import seen, talk, tone, write_clip, write_wav

from ercbench.commands.prepare import prepare
from ercbench.commands.stores import merge
from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.make import make_encoder
from ercbench.features.store.feature_store import FeatureStore


@pytest.fixture
def recorded(tmp_path):
    """Two conversations with text, sound and clips."""
    conversations = []
    for name in ("a", "b"):
        wav = write_wav(tmp_path / f"{name}.wav", tone(0.3, 8000), 8000)
        clip = write_clip(tmp_path / f"{name}.mp4", seconds=0.3)
        turns = (
            Utterance(f"{name}0", "Ross", "hello there", audio=str(wav), video=str(clip)),
            Utterance(f"{name}1", "Rachel", "oh no", video=str(clip)),
        )
        conversations.append(Conversation(name, turns))
    return Corpus("recorded", ("happy",), tuple(conversations), {})


@pytest.fixture
def encoders(tiny_roberta, tiny_wav2vec2, tiny_resnet):
    folders = {"text": tiny_roberta, "audio": tiny_wav2vec2, "visual": tiny_resnet}
    return [make_encoder(modality, str(folder)) for modality, folder in folders.items()]


def test_three_modalities_from_local_folders(recorded, encoders, tmp_path, capsys):
    store = prepare(recorded, tmp_path / "store", encoders, extraction_settings())
    keys = ["audio:tiny-wav2vec2", "text:tiny-roberta", "visual:tiny-resnet"]
    assert store.keys() == keys
    for features in store.select(keys):
        assert features.present.all()
        assert features.rows(0, 4).shape == (4, 16)
        assert features.metadata["fitted_on"] == []
    printed = capsys.readouterr().err
    assert "recorded, 2 conversations, 4 utterances" in printed
    assert "text:tiny-roberta: width 16, 0 of 4 missing" in printed


def test_features_are_added_to_a_store_that_is_there(recorded, encoders, tmp_path):
    prepare(recorded, tmp_path / "store", encoders[:1], extraction_settings())
    before = (tmp_path / "store" / "text.tiny-roberta.safetensors").stat().st_mtime_ns
    store = prepare(
        recorded, tmp_path / "store", [*encoders[:1], MelEncoder(bands=8)], extraction_settings()
    )
    assert store.keys() == ["audio:mel", "text:tiny-roberta"]
    assert (store.folder / "text.tiny-roberta.safetensors").stat().st_mtime_ns == before
    with pytest.raises(ErcbenchError, match="holds the store of another corpus"):
        prepare(talk(), tmp_path / "store", [], extraction_settings())


def test_shards_become_one_store(recorded, encoders, tmp_path):
    whole = prepare(recorded, tmp_path / "whole", encoders[:1], extraction_settings(chunk=1))
    for shard in ("1/2", "2/2"):
        settings = extraction_settings(chunk=1, shard=shard)
        prepare(recorded, tmp_path / shard[0], encoders[:1], settings)
    (merged,) = merge(tmp_path / "1", [tmp_path / "2"], 0.2)
    assert merged.metadata == whole.open("text", "tiny-roberta").metadata


def test_no_store_is_begun_for_encoders_that_cannot_work(encoders, tmp_path):
    with pytest.raises(ErcbenchError, match="no utterance of corpus 'talk' has"):
        prepare(talk(), tmp_path / "store", encoders, extraction_settings())
    assert not (tmp_path / "store").exists()


def test_names_that_lead_nowhere_say_what_there_is():
    with pytest.raises(ErcbenchError, match=r"text=robrta: neither an encoder \(minilm, roberta"):
        make_encoder("text", "robrta")
    with pytest.raises(ErcbenchError, match="'smell'; there are: audio, text, visual"):
        make_encoder("smell", "nose")


@pytest.mark.parametrize("name", ["mel", "prosody"])
def test_presets_without_a_model_carry_their_names(name):
    encoder = make_encoder("audio", name)
    assert (encoder.name, encoder.modality, encoder.fitted_on) == (name, "audio", [])


@pytest.mark.shared
def test_the_real_clips_end_to_end(shared, encoders, tmp_path):
    clips = sorted((shared / "data" / "meld" / "clips").glob("*.mp4"))
    corpus = Corpus("clips", ("happy",), (seen(*clips)[0].conversation,), {})
    store = prepare(corpus, tmp_path / "store", encoders[1:], extraction_settings())
    assert store.keys() == ["audio:tiny-wav2vec2", "visual:tiny-resnet"]
    for features in store.select(store.keys()):
        assert features.present.sum() == 16
        assert len(np.unique(features.rows(0, 16), axis=0)) == 16
    assert FeatureStore(store.folder).corpus == corpus
