"""`ercbench finetune`, and stores that its encoders fill."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import compose_in
from small import WORDS, tone, write_wav
from transformers import RobertaConfig, RobertaModel

import ercbench.training.finetune
from ercbench.api.encoders import encoder_of
from ercbench.commands.prepare import prepare, prepare_command
from ercbench.config.compose import extraction_settings
from ercbench.config.explain import explain
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Item, items_of
from ercbench.features.encoders.pretrained import locate
from ercbench.features.media import pictures
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.models.hcam import stage_one
from ercbench.training.alignment import read_rotations
from ercbench.training.callbacks import History
from ercbench.training.encoder_files import trained_encoder
from ercbench.training.finetune import finetune, folds_of
from ercbench.training.trained_encoder import TrainedEncoder

pytestmark = pytest.mark.filterwarnings("ignore")

TALK = Conversation("talk", (Utterance("0", "Ross", "late home"),))
PARTS = {"train": 6, "validation": 2, "test": 2}


def conversation(name, folder):
    """Four utterances: sad ones are late and low, happy ones are not."""
    rng = np.random.default_rng(sum(map(ord, name)))
    utterances = []
    for turn in range(4):
        label = ("sad", "happy")[turn % 2]
        words = ["late", *rng.choice(WORDS[:6], 4)] if label == "sad" else rng.choice(WORDS[5:], 5)
        sound = tone(0.3, 16_000, (200 if label == "sad" else 2000) * rng.uniform(0.8, 1.2))
        path = write_wav(folder / f"{name}-{turn}.wav", sound, 16_000)
        said = " ".join(words)
        utterances.append(Utterance(f"{name}-{turn}", "Ross", said, label, audio=str(path)))
    return Conversation(name, tuple(utterances))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The store of a corpus of ten conversations with recordings."""
    folder = tmp_path_factory.mktemp("corpus")
    ids = {part: tuple(f"{part}{i}" for i in range(n)) for part, n in PARTS.items()}
    conversations = tuple(conversation(id, folder) for own in ids.values() for id in own)
    split = Split(ids["train"], ids["validation"], ids["test"])
    corpus = Corpus("talk", ("sad", "happy"), conversations, {"given": split})
    with FeatureStore.creating(folder / "stores" / "talk", corpus) as made:
        del made
    return FeatureStore(folder / "stores" / "talk")


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    return tmp_path_factory.mktemp("encoders")


@pytest.fixture
def run(store, encoders, tiny_roberta, tiny_wav2vec2):
    """Runs `ercbench finetune` on the store; returns the result and the run's folder."""
    settings = [
        *("store=talk", f"stores={store.folder.parent}"),
        *("trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false"),
    ]

    def finetuned(*overrides, encoder="hcam_text", runs=encoders):
        own = [f"encoder.backbone={tiny_roberta}", "encoder.learning_rate=1e-3"]
        if encoder == "hcam_audio":
            own = [f"encoder.backbone={tiny_wav2vec2}", "encoder.width=8", "encoder.batch_size=4"]
        if encoder == "m2fnet_audio":
            own = ["encoder.batch_size=4", "encoder.members=2", "encoder.width=8"]
            own += ["encoder.bands=32", "encoder.picture_width=32"]
        overrides = [f"encoder={encoder}", *settings, *own, f"runs={runs}", *overrides]
        result = finetune(compose_in(runs, *overrides, command="finetune"))
        return result, Path(runs) / result.run

    return finetuned


def fill(store, modality, path, name):
    """Runs `ercbench prepare` with a trained encoder; returns the features."""
    overrides = (f"{modality}={path}", f"options.{modality}.name={name}", "store=talk")
    folder = store.folder.parents[1]
    prepare_command(compose_in(folder, *overrides, command="prepare"))
    return store.open(modality, name)


def test_a_text_encoder_learns_and_says_whose_labels_it_saw(run, store):
    result, folder = run()
    assert result.setup.fitted_on == [f"train{i}" for i in range(PARTS["train"])]
    assert set(result.results.trained) == {"probe", "retrieval", "classifier"}
    assert set(result.results.untrained["probe"]) == {"accuracy", "weighted_f1", "macro_f1"}
    features = fill(store, "text", folder / "checkpoints" / "best.ckpt", "tuned")
    assert features.metadata["fitted_on"] == result.setup.fitted_on
    assert features.rows(0, 40).shape == (40, 16)
    assert features.present.all()


def test_a_run_takes_the_encoder_that_made_its_features_from_where_it_lies(run, store):
    path = run()[1] / "checkpoints" / "best.ckpt"
    recipe = FeatureRecipe.of(fill(store, "text", path, "again"))
    items = list(items_of(store.corpus))[:3]
    own, made = encoder_of(recipe, path), trained_encoder(path, "text", "again")
    np.testing.assert_array_equal(own.encode(items), made.encode(items))
    with pytest.raises(ErcbenchError, match=r"text:again: was made by HCAMText at .*best\.ckpt"):
        encoder_of(recipe)
    with pytest.raises(ErcbenchError, match="Give the one that made it"):
        encoder_of(replace(recipe, revision="another"), path)


def test_a_vector_does_not_depend_on_what_it_is_encoded_with(run, store):
    encoder = TrainedEncoder(run()[1] / "checkpoints" / "best.ckpt", "x")
    items = list(items_of(store.corpus))
    together = np.stack(encoder.encode(items))
    alone = np.concatenate([encoder.encode([item]) for item in items])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_dialogue_can_be_read_at_once(run, store):
    whole = ("encoder.whole_dialogue=true", "encoder.pooling=mean", "encoder.beta=1")
    result, folder = run(*whole, "encoder.max_tokens=32")
    assert result.setup.settings["encoder"]["whole_dialogue"]
    path = folder / "checkpoints" / "best.ckpt"
    features = fill(store, "text", path, "whole")
    items = list(items_of(store.corpus))
    alone = [TrainedEncoder(path, "x").encode([item])[0] for item in items]
    np.testing.assert_allclose(features.rows(0, len(items)), np.stack(alone), atol=1e-4)


def test_a_trained_encoder_computes_in_half_the_bits_if_asked_to(run, store):
    path = run()[1] / "checkpoints" / "best.ckpt"
    items = list(items_of(store.corpus))
    whole, half = (TrainedEncoder(path, "x", own) for own in ({}, {"dtype": "bfloat16"}))
    one, other = (np.stack(encoder.encode(items)) for encoder in (whole, half))
    assert 0 < np.abs(one - other).max() < 0.1 * np.abs(one).max()
    assert "dtype" not in whole.describe()["settings"]
    assert half.describe()["settings"]["dtype"] == "bfloat16"
    with pytest.raises(ErcbenchError, match="dtype=half: expected one of float32, bfloat16"):
        TrainedEncoder(path, "x", {"dtype": "half"})


@pytest.mark.parametrize(("setting", "refused"), [("whole_dialogue", False), ("pooling", True)])
def test_an_encoder_of_another_version_is_read_or_refused_by_name(run, tmp_path, setting, refused):
    checkpoint = torch.load(run()[1] / "checkpoints" / "best.ckpt", weights_only=True)
    del checkpoint["hyper_parameters"][setting]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    if not refused:
        assert len(TrainedEncoder(tmp_path / "old.ckpt", "x").encode([Item(TALK, 0)])[0]) == 16
        return
    with pytest.raises(ErcbenchError, match=f"another version of ercbench, .* had no {setting}"):
        TrainedEncoder(tmp_path / "old.ckpt", "x")


def test_a_finished_run_is_not_run_again(run, monkeypatch):
    first, _ = run()
    monkeypatch.setattr(
        ercbench.training.finetune, "fit_and_evaluate", lambda *_: pytest.fail("ran again")
    )
    assert run()[0] == first


def test_an_interrupted_run_ends_as_if_it_had_not_been(run, tmp_path, monkeypatch):
    plain = History.on_train_epoch_end

    def dies(self, trainer, module):
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt
        plain(self, trainer, module)

    with monkeypatch.context() as patched, pytest.raises(BaseException):
        patched.setattr(History, "on_train_epoch_end", dies)
        run(runs=tmp_path)
    (folder,) = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert not (folder / "result.json").exists()
    resumed, _ = run(runs=tmp_path)
    whole, _ = run()
    for name in ("trained", "untrained", "stages"):
        assert getattr(resumed.results, name) == getattr(whole.results, name)


def test_folds_share_the_training_conversations_among_them():
    conversations = [str(i) for i in range(11)]
    parts = folds_of(conversations, 3, seed=0)
    assert sorted(id for part in parts for id in part) == sorted(conversations)
    assert {len(part) for part in parts} == {3, 4}
    assert parts == folds_of(conversations, 3, seed=0) != folds_of(conversations, 3, seed=1)
    with pytest.raises(ErcbenchError, match="folds=12: but the training part has 11"):
        folds_of(conversations, 12, seed=0)


def test_cross_fitted_features_of_training_come_from_an_encoder_that_has_not_seen_them(run, store):
    result, folder = run("folds=2")
    features = fill(store, "text", folder / "crossfit.json", "crossed")
    whole = TrainedEncoder(folder / "checkpoints" / "best.ckpt", "x")
    folds = json.loads((folder / "crossfit.json").read_text())["folds"]
    held = {id: folder / fold["checkpoint"] for fold in folds for id in fold["held_out"]}
    read = read_rotations(folder / "crossfit.json", 2)
    turns = {folder / fold["checkpoint"]: turn for fold, turn in zip(folds, read, strict=True)}
    assert sorted(held) == sorted(result.setup.fitted_on)
    for row, item in enumerate(items_of(store.corpus)):
        id = item.conversation.id
        encoder = TrainedEncoder(held[id], "x") if id in held else whole
        assert id not in encoder.fitted_on
        (expected,) = encoder.encode([item])
        turned = expected @ turns[held[id]] if id in held else expected
        np.testing.assert_allclose(features.rows(row, row + 1)[0], turned, atol=1e-5)
    assert features.metadata["fitted_on"] == result.setup.fitted_on
    assert len(features.metadata["settings"]["cross_fitted"]) == 2
    run("folds=2", "align=false")
    assert read_rotations(folder / "crossfit.json", 2) is None


def test_an_encoder_with_lora_goes_from_training_to_a_store(run, store):
    pytest.importorskip("peft")
    _, folder = run("encoder.lora_rank=2", "encoder.warmup=0.5", "encoder.schedule=linear")
    features = fill(store, "text", folder / "checkpoints" / "best.ckpt", "lora")
    assert features.rows(0, 40).shape == (40, 16)


def test_an_encoder_whose_backbone_was_replaced_is_refused(run, store, tiny_roberta, tmp_path):
    backbone = tmp_path / "backbone"
    shutil.copytree(tiny_roberta, backbone)
    _, folder = run(f"encoder.backbone={backbone}", runs=tmp_path / "runs")
    config = json.loads((backbone / "config.json").read_text())
    RobertaModel(RobertaConfig(**config | {"num_hidden_layers": 2})).save_pretrained(backbone)
    locate.cache_clear()
    encoder = TrainedEncoder(folder / "checkpoints" / "best.ckpt", "x")
    with pytest.raises(ErcbenchError, match="the weights do not fit this model"):
        encoder.encode(list(items_of(store.corpus))[:1])


def test_an_audio_extractor_is_trained_on_recordings_and_fills_a_store(run, store):
    result, folder = run(encoder="m2fnet_audio")
    assert set(result.results.trained) == {"probe", "retrieval"}
    assert list(store.folder.glob("pictures-*.npy"))
    features = fill(store, "audio", folder / "checkpoints" / "best.ckpt", "triplet")
    np.testing.assert_allclose(np.linalg.norm(features.rows(0, 40), axis=1), 1, atol=1e-5)
    assert features.metadata["fitted_on"] == result.setup.fitted_on


def test_what_an_extractor_was_trained_on_is_not_heard_again_to_fill_a_store(
    run, store, tmp_path, monkeypatch
):
    for path in store.folder.glob("pictures-*"):
        path.unlink()
    _, folder = run(encoder="m2fnet_audio", runs=tmp_path / "runs")
    monkeypatch.setattr(pictures, "read_sound", unheard)
    features = fill(store, "audio", folder / "checkpoints" / "best.ckpt", "unheard")
    assert features.present.all()


def test_a_recording_goes_through_a_trained_wav2vec2_once(run, store, monkeypatch):
    path = run(encoder="hcam_audio")[1] / "checkpoints" / "best.ckpt"
    items = list(items_of(store.corpus))[:5]
    vectors = trained_encoder(path, "audio", "a").encode(items)
    monkeypatch.setattr(stage_one, "read_sound", unheard)
    again = trained_encoder(path, "audio", "b").encode(items[::-1])
    np.testing.assert_array_equal(again[::-1], vectors)


def unheard(*arguments, **settings):
    raise AssertionError("a recording was read again")


def test_a_wav2vec2_is_trained_on_recordings_and_fills_a_store(run, store):
    result, folder = run(encoder="hcam_audio")
    assert set(result.results.trained) == {"probe", "retrieval", "classifier"}
    features = fill(store, "audio", folder / "checkpoints" / "best.ckpt", "stage-one")
    assert features.rows(0, 40).shape == (40, 8)
    assert features.present.all()


def test_pictures_that_are_given_are_matched_by_utterance(run, store, tmp_path):
    ids = [utterance.id for utterance in store.corpus.utterances()][:-1]
    values = np.random.default_rng(0).integers(0, 256, (len(ids), 32, 40), dtype=np.uint8)
    path = tmp_path / "mel.npz"
    np.savez(path, utterance_id=ids, mel=values)
    _, folder = run(f"encoder.pictures={path}", encoder="m2fnet_audio", runs=tmp_path / "runs")
    features = fill(store, "audio", folder / "checkpoints" / "best.ckpt", "given")
    assert list(features.present) == [True] * len(ids) + [False]


def test_pictures_that_are_given_need_no_recordings(run, store, tmp_path):
    silent = replace(
        store.corpus,
        conversations=tuple(
            replace(c, utterances=tuple(replace(u, audio=None) for u in c.utterances))
            for c in store.corpus.conversations
        ),
    )
    ids = [utterance.id for utterance in silent.utterances()]
    values = np.random.default_rng(0).integers(0, 256, (len(ids), 32, 40), dtype=np.uint8)
    np.savez(tmp_path / "mel.npz", utterance_id=ids, mel=values)
    given = (f"encoder.pictures={tmp_path}/mel.npz",)
    _, folder = run(*given, encoder="m2fnet_audio", runs=tmp_path / "runs")
    (tmp_path / "mel.npz").rename(tmp_path / "moved.npz")
    path = folder / "checkpoints" / "best.ckpt"
    encoder = trained_encoder(path, "audio", "given", {"pictures": f"{tmp_path}/moved.npz"})
    made = prepare(silent, tmp_path / "stores" / "silent", [encoder], extraction_settings())
    assert made.open("audio", "given").present.all()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("store=null", "corpus=iemocop"), r"No corpus 'iemocop'; there are: csv, iemocap"),
        (("store=tolk",), "store=tolk: no such store .*talk"),
        (("encoder.backbone=berta",), "Model 'berta': no such folder"),
        (
            ("encoder.pooling=max",),
            r"encoder\.pooling=max: expected one of .* encoder\.pooling\.",
        ),
        (("encoder.score_share=0.5",), r"score_share=0\.5: no utterance has a score"),
        (("encoder.frozen_layers=9",), r"frozen_layers=9: the model has 4 layers"),
        (("selection.metric=loss",), "selection.metric=loss: expected one of accuracy"),
    ],
)
def test_a_mistake_is_named(run, tmp_path, overrides, message):
    with pytest.raises(Exception) as caught:
        run(*overrides, runs=tmp_path)
    line = explain(caught.value)
    assert line
    assert "\n" not in line
    assert re.search(message, line)


def test_what_is_no_encoder_of_ours_is_refused(run, tmp_path):
    checkpoint = run()[1] / "checkpoints" / "best.ckpt"
    with pytest.raises(ErcbenchError, match="this encoder reads text"):
        trained_encoder(checkpoint, "audio", None)
    with pytest.raises(ErcbenchError, match="no such file"):
        trained_encoder(tmp_path / "none.ckpt", "text", None)
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ErcbenchError, match="not a readable ercbench checkpoint"):
        trained_encoder(torn, "text", None)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "best.ckpt").write_bytes(checkpoint.read_bytes())
    (tmp_path / "crossfit.json").write_text("[]")
    with pytest.raises(ErcbenchError, match="not a list of folds"):
        trained_encoder(tmp_path / "crossfit.json", "text", None)
    with pytest.raises(ErcbenchError, match="no such file"):
        run(f"encoder.pictures={tmp_path / 'no.npz'}", encoder="m2fnet_audio")
