"""Finished runs under a modality that is missing or noisy."""

import shutil
from math import inf

import numpy as np
import pytest
import soundfile
from helpers import SMALL_DATA

import ercbench
from ercbench.api.robustness.asking import robust
from ercbench.api.robustness.tested import TestedRun
from ercbench.config.compose import extraction_settings
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.data.damage import Damage
from ercbench.data.noisy_recordings import NoisyRecordings
from ercbench.errors import ErcbenchError
from ercbench.features.encoders import make
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.registry import FrozenEncoder
from ercbench.features.media.sound import RATE
from ercbench.features.store.catalog import open_or_create
from ercbench.features.store.extraction import extract
from ercbench.records.robustness import read_answers

SMALL = (*SMALL_DATA, "model.hidden=8", "trainer.max_epochs=2")
LEVELS = {"drop": [0, 0.5, 1], "draws": 2, "resamples": 100}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("robust")


@pytest.fixture(scope="module")
def runs(folder):
    """Two models of all modalities and one of text alone, on the simulated corpus."""
    options = {"overrides": SMALL, "runs": folder / "runs", "stores": folder / "stores"}
    ercbench.train("gru", "simulated", 0, **options)
    ercbench.train("mlp", "simulated", 0, **options)
    ercbench.train("mlp", "simulated", 0, features="text", **options)
    return folder / "runs"


@pytest.fixture
def copied(runs, tmp_path):
    """The runs without any answer."""
    shutil.copytree(runs, tmp_path / "runs", ignore=shutil.ignore_patterns("robust"))
    return tmp_path / "runs"


def answers_of(runs, damage):
    found = {}
    for path in sorted(runs.iterdir()):
        run = ercbench.load_run(path)
        found[path.name] = run, read_answers(path, damage, run.record.results.checkpoint_sha256)
    return found


def test_without_damage_the_scores_are_those_recorded_to_the_last_digit(copied):
    robust(copied, "text", noise=[0], **LEVELS)
    for damage, clean in ((Damage("drop", "text", "utterance"), 0), (Damage("noise", "text"), inf)):
        for run, answers in answers_of(copied, damage).values():
            assert np.array_equal(answers.probabilities[clean, 0], run.probabilities)
            assert answers.scores[clean, 0].scores == run.scores


def test_a_modality_that_is_wholly_dropped_is_missing_as_for_a_new_conversation(copied, folder):
    robust(copied, "audio", **LEVELS)
    data = {"simulation": {"train": 12, "validation": 6, "test": 6}}
    part = ercbench.load_dataset("simulated", stores=folder / "stores", **data).part("test")
    (path,) = copied.glob("*gru*")
    run = ercbench.load_run(path)
    expected = [
        run.answer(talk, {m: part[n].features[m].numpy() for m in ("text", "visual")})
        for n, talk in enumerate(part.conversations)
    ]
    found = answers_of(copied, Damage("drop", "audio", "utterance"))[path.name][1]
    np.testing.assert_allclose(found.probabilities[1, 0], np.concatenate(expected), atol=1e-5)


def test_every_model_loses_the_same_and_each_draw_something_else(copied):
    (found,) = robust(copied, "text", **LEVELS)
    assert len(found.curves) == 3
    both = [own for _, own in answers_of(copied, Damage("drop", "text", "utterance")).values()]
    shares = [{pair: own.missing for pair, own in each.scores.items()} for each in both]
    assert shares[0] == shares[1] == shares[2]
    assert 0.2 < shares[0][0.5, 0] < 0.8
    assert not np.array_equal(both[0].probabilities[0.5, 0], both[0].probabilities[0.5, 1])


def test_what_was_answered_is_not_computed_again(copied, monkeypatch):
    (first,) = robust(copied, "audio", **LEVELS)
    with monkeypatch.context() as patched:
        patched.delattr(TestedRun, "predict")
        (again,) = robust(copied, "audio", **LEVELS)
    assert [own.points for own in again.curves] == [own.points for own in first.curves]
    (more,) = robust(copied, "audio", drop=[0.2], draws=2, resamples=100)
    assert more.levels == (0, 0.2)
    assert more.curves[0].points[0] == first.curves[0].points[0]


def test_a_run_trained_again_has_answered_nothing(copied):
    (path,) = copied.glob("*gru*")
    robust(path, "audio", **LEVELS)
    assert read_answers(path, Damage("drop", "audio", "utterance"), "other weights") is None


def test_who_reads_nothing_else_answers_from_nothing_and_is_named(copied):
    (found,) = robust(copied, "text", **LEVELS)
    blind = [curve for curve in found.curves if curve.blind]
    assert [curve.group.features for curve in blind] == [("text:simulated",)]
    assert np.isfinite(blind[0].points[-1].scores["nll"])
    (audio,) = robust(copied, "audio", **LEVELS)
    assert len(audio.left_out) == 1


def test_recordings_are_heard_anew_under_noise_and_the_features_kept(heard, tmp_path):
    asked = {"drop": [], "draws": 2, "resamples": 100, "cache": tmp_path / "cache"}
    (found,) = robust(tmp_path / "runs", recordings=[90, 0], **asked)
    assert found.levels == (inf, 90, 0)
    own = read_answers(heard.folder.path, found.damage, heard.record.results.checkpoint_sha256)
    clean, faint, loud = (own.probabilities[level, 0] for level in found.levels)
    assert np.array_equal(clean, heard.probabilities)
    np.testing.assert_allclose(faint, clean, atol=1e-2)
    assert np.abs(loud - clean).max() > 0.02
    assert {round(15 * scores.missing, 5) for scores in own.scores.values()} == {1}
    names = {path.name for path in (tmp_path / "cache").glob("*/audio.*.safetensors")}
    assert names == {f"audio.mel-noise{r}-draw{n}.safetensors" for r in (90, 0) for n in (0, 1)}
    shutil.rmtree(heard.folder.path / "robust")
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(NoisyRecordings, "encode")
        (again,) = robust(tmp_path / "runs", recordings=[90, 0], **asked)
    assert again.curves[0].points == found.curves[0].points


def test_recordings_that_are_gone_are_named(heard, tmp_path):
    shutil.rmtree(tmp_path / "sounds")
    asked = {"drop": [], "draws": 1, "resamples": 100, "cache": tmp_path / "cache"}
    with pytest.raises(
        ErcbenchError, match=r"recordings-audio: .*14 of 15 recordings cannot be read, .* '6_0'"
    ):
        robust(tmp_path / "runs", recordings=[10], **asked)


def test_mistakes_are_named(copied, tmp_path):
    with pytest.raises(ErcbenchError, match="modality=smell: no run reads it; they read text, aud"):
        robust(copied, "smell", **LEVELS)
    with pytest.raises(ErcbenchError, match="nowhere': no finished run"):
        robust(tmp_path / "nowhere")
    with pytest.raises(ErcbenchError, match="drop"):
        robust(copied, drop=[2])
    with pytest.raises(ErcbenchError, match="all empty"):
        robust(copied, drop=[])
    with pytest.raises(ErcbenchError, match=r"recordings-audio: .*cannot be made anew, for .*"):
        robust(copied, drop=[], recordings=[10])
    with pytest.raises(ErcbenchError, match="words-text: .*cannot be made anew, for .* simulated"):
        robust(copied, drop=[], words=[0.1])


def test_a_run_whose_data_is_another_is_named(copied, tmp_path):
    (path,) = copied.glob("*gru*")
    config = path / "config.yaml"
    config.write_text(config.read_text().replace("difficulty: 1.0", "difficulty: 2.0"))
    with pytest.raises(ErcbenchError, match=r"text:simulated is not what .* read.*stores=FOLDER"):
        robust(path, "audio", stores=tmp_path / "stores", **LEVELS)


class Letters:
    """An encoder of text that counts four letters; called up by name."""

    name, modality, width, fitted_on = "letters", "text", 4, ()

    def describe(self):
        return {"encoder": "letters", "revision": None, "settings": {}}

    def encode(self, items):
        texts = [item.utterance.text for item in items]
        counted = [np.array([text.count(sign) for sign in "aeio"], np.float32) for text in texts]
        return [own if text else "no text" for own, text in zip(counted, texts, strict=True)]


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A run on transcripts, whose encoder can be called up by name."""
    entry = FrozenEncoder(
        "letters", "text", "counts letters", "letters", lambda **_: Letters(), ("name",)
    )
    monkeypatch.setattr(make, "named", lambda modality: {"letters": entry})
    random, words = np.random.default_rng(0), ["aa", "ee", "ii", "oo", "ae", "io"]
    turns = [
        [
            Utterance(f"{c}_{t}", "ab"[t % 2], " ".join(random.choice(words, 6)), "xy"[t % 2])
            for t in range(5)
        ]
        for c in range(9)
    ]
    talks = tuple(Conversation(f"c{c}", tuple(own)) for c, own in enumerate(turns))
    ids = [talk.id for talk in talks]
    corpus = Corpus("told", ("x", "y"), talks, {"only": Split(ids[:3], ids[3:6], ids[6:])})
    with open_or_create(corpus, tmp_path / "stores" / "told") as store:
        extract(store, Letters(), extraction_settings())
    options = ["store=told", "dataset.split=only", *SMALL_DATA[3:], "model.hidden=4"]
    return ercbench.train(
        "mlp",
        "csv",
        features="text:letters",
        overrides=options,
        runs=tmp_path / "runs",
        stores=tmp_path / "stores",
    )


@pytest.fixture
def heard(tmp_path):
    """A run on recordings of tones, high or low; one of the test part is missing."""
    (tmp_path / "sounds").mkdir()
    random = np.random.default_rng(0)

    def turn(c, t):
        label, path = "xy"[random.integers(2)], tmp_path / "sounds" / f"c{c}_{t}.wav"
        pitch = {"x": 300, "y": 2000}[label] * random.uniform(0.8, 1.2)
        if (c, t) != (8, 4):
            soundfile.write(path, np.sin(np.arange(8000) * pitch * 2 * np.pi / RATE) / 4, RATE)
        return Utterance(f"{c}_{t}", "ab"[t % 2], "", label, audio=str(path))

    talks = tuple(Conversation(f"c{c}", tuple(turn(c, t) for t in range(5))) for c in range(9))
    ids = [talk.id for talk in talks]
    corpus = Corpus("heard", ("x", "y"), talks, {"only": Split(ids[:3], ids[3:6], ids[6:])})
    with open_or_create(corpus, tmp_path / "stores" / "heard") as store:
        extract(store, MelEncoder(), extraction_settings())
    return ercbench.train(
        "mlp",
        "csv",
        features="audio:mel",
        overrides=["store=heard", "dataset.split=only", *SMALL_DATA[3:], "model.hidden=4"],
        runs=tmp_path / "runs",
        stores=tmp_path / "stores",
    )


def test_a_misheard_transcript_is_encoded_anew_once_and_the_store_left_alone(told, tmp_path):
    before = sorted((tmp_path / "stores" / "told").iterdir())
    asked = {"drop": [], "draws": 2, "resamples": 100, "cache": tmp_path / "cache"}
    (found,) = robust(tmp_path / "runs", words=[0.5], **asked)
    assert found.levels == (0, 0.5)
    own = read_answers(told.folder.path, found.damage, told.record.results.checkpoint_sha256)
    assert np.array_equal(own.probabilities[0, 0], told.probabilities)
    assert not np.array_equal(own.probabilities[0.5, 0], told.probabilities)
    assert sorted((tmp_path / "stores" / "told").iterdir()) == before
    assert len(list((tmp_path / "cache").glob("*/text.letters.safetensors"))) == 2
    shutil.rmtree(told.folder.path / "robust")
    (again,) = robust(tmp_path / "runs", words=[0.5], **asked)
    assert again.curves[0].points == found.curves[0].points
