"""The commands as functions."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers import SMALL_DATA

import ercbench
from ercbench.errors import ErcbenchError
from records import rewritten

SMALL = (*SMALL_DATA, "model.hidden=8", "trainer.max_epochs=2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def trained(folder):
    """Trains a small GRU on the simulated corpus."""

    def train(seed=0, **options):
        options = {"overrides": SMALL, "runs": folder / "my runs", "stores": folder} | options
        return ercbench.train("gru", "simulated", seed, **options)

    return train


@pytest.fixture(scope="module")
def run(trained):
    return trained()


@pytest.fixture(scope="module")
def tested(folder):
    """The test part of the corpus that the run was trained on."""
    return ercbench.load_dataset(
        "simulated", stores=folder, simulation={"train": 12, "validation": 6, "test": 6}
    ).part("test")


def vectors_of(tested, item):
    features = tested[item].features
    return {modality: values.numpy() for modality, values in features.items()}


def test_a_run_is_trained_once_and_loaded_with_its_scores(run, trained):
    again = trained()
    assert again.folder.path == run.folder.path
    assert again.record == run.record
    loaded = ercbench.load_run(run.folder.path)
    assert loaded.scores["weighted_f1"] == run.scores["weighted_f1"]
    assert "gru" in repr(loaded)


def test_a_prediction_is_the_one_that_was_recorded(run, tested):
    rows = dict(zip(run.test_set.utterances.tolist(), run.probabilities, strict=True))
    for item, conversation in enumerate(tested.conversations):
        own = run.predict(conversation, vectors_of(tested, item)).probabilities
        recorded = np.stack([rows[utterance.id] for utterance in conversation.utterances])
        np.testing.assert_allclose(own, recorded, atol=1e-5)
    again = ercbench.predict(run, conversation, vectors_of(tested, item))
    assert np.array_equal(again.probabilities, own)


def test_a_missing_modality_is_missing_and_no_row_of_zeros(run, tested):
    conversation, features = tested.conversations[0], vectors_of(tested, 0)
    without = {m: v for m, v in features.items() if m != "audio"}
    missing = features | {"audio": np.full_like(features["audio"], np.nan)}
    zeros = features | {"audio": np.zeros_like(features["audio"])}

    def said(given):
        return run.predict(conversation, given).probabilities

    assert np.array_equal(said(without), said(missing))
    assert not np.allclose(said(without), said(zeros))
    assert not run.predict(conversation, without).present["audio"].any()


def test_features_that_do_not_fit_and_encoders_that_are_not_there_are_named(run, tested):
    conversation, features = tested.conversations[0], vectors_of(tested, 0)
    with pytest.raises(ErcbenchError, match=r"audio has shape .*expected \[\d+, 16\]"):
        run.predict(conversation, features | {"audio": features["audio"][:, :3]})
    with pytest.raises(ErcbenchError, match="reads no smell; it reads text, audio, visual"):
        run.predict(conversation, features | {"smell": features["audio"]})
    told = r"Nothing of this can be read.*text:simulated cannot be made anew.*features=…"
    with pytest.raises(ErcbenchError, match=told):
        run.predict(conversation)


def test_a_folder_without_a_run_and_a_checkpoint_of_another_are_named(run, tmp_path):
    with pytest.raises(ErcbenchError, match="holds no finished run"):
        ercbench.load_run(tmp_path)
    copy = shutil.copytree(run.folder.path, tmp_path / "copy")
    checkpoint = copy / "checkpoints" / "best.ckpt"
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(ErcbenchError, match=r"best\.ckpt: absent, or not the checkpoint"):
        _ = ercbench.load_run(copy).model


def test_a_model_that_this_version_has_not_is_named(run, tmp_path):
    copy = shutil.copytree(run.folder.path, tmp_path / "old")
    moved = {"_target_": "ercbench.models.baselines.lightning.GRU"}
    rewritten(copy / "result.json", lambda found: found["setup"]["settings"]["model"].update(moved))
    with pytest.raises(ErcbenchError, match=r"trained by \S+lightning\.GRU, which is not"):
        _ = ercbench.load_run(copy).model


def test_anybody_s_probabilities_stand_beside_runs_with_the_same_statistics(run, trained):
    test = run.test_set
    perfect = np.eye(len(test.labels), dtype=np.float32)[test.truth]
    found = ercbench.compare({"theirs": [run, trained(1)], "mine": perfect}, test)
    (pair,) = found.pairs("accuracy")
    assert pair.first == "mine"
    assert pair.difference == pytest.approx(
        1 - np.mean([run.scores["accuracy"], trained(1).scores["accuracy"]])
    )
    table = found.tables[0]
    assert {row[0].value for row in table.rows} >= {"mine ‡", "theirs"}
    assert any("brought along" in note for note in table.notes)
    assert found.conclusion.startswith("On SIMULATED data, mine")


def test_probabilities_that_are_none_or_of_another_test_part_are_refused(run):
    test, own = run.test_set, run.probabilities
    with pytest.raises(ErcbenchError, match=r"mine: probabilities have shape .*a row per utt"):
        ercbench.compare({"mine": own[1:]}, test)
    with pytest.raises(ErcbenchError, match=r"mine: \d+ row\(s\) are no probabilities.*softmax"):
        ercbench.compare({"mine": own * 5}, test)
    with pytest.raises(ErcbenchError, match="theirs: .* was tested on other utterances"):
        ercbench.compare({"theirs": run}, replace(test, truth=test.truth[::-1]))
    with pytest.raises(ErcbenchError, match="expected one run of each seed"):
        ercbench.compare({"theirs": [run, run]}, test)


def test_scores_of_probabilities_are_those_of_the_record(run):
    own = ercbench.evaluate(run.probabilities, run.test_set)
    assert own == pytest.approx(run.scores, nan_ok=True)


def test_a_corpus_and_a_model_are_had_by_name(tmp_path, folder):
    (tmp_path / "mine.csv").write_text(
        "conversation,utterance,speaker,text,label,split\n"
        "a,1,Ann,Hello,joy,train\nb,1,Ann,Oh,sad,validation\nc,1,Ann,No,joy,test\n"
    )
    assert ercbench.load_corpus("csv", tmp_path / "mine.csv").labels == ("joy", "sad")
    data = ercbench.load_dataset(
        "simulated", "text", folder, simulation={"train": 12, "validation": 6, "test": 6}
    )
    model = ercbench.build_model("mlp", data, hidden=8)
    assert model.spec.widths.keys() == {"text"}
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = ercbench.nothing
    assert set(ercbench.__all__) <= set(dir(ercbench))
