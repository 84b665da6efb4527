"""`ercbench finetune -m launcher=…`: each encoder once, its folds with it, failures told."""

import json

import pytest
from helpers import compose_in
from small import WORDS

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore
from ercbench.launching.asking import check_same
from ercbench.launching.engines import joblib_engine
from ercbench.launching.job import JOB, Job
from ercbench.launching.standing import standings
from ercbench.launching.sweep import launch
from ercbench.launching.work import of_encoder
from ercbench.launching.working import VARIABLE
from ercbench.training.finetune import carry_out, plan

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def launched(tmp_path, tiny_roberta, monkeypatch):
    """Lets a launcher train encoders, in this process; returns which seeds and folds it began."""
    lines = [Utterance(str(n), "Ross", WORDS[n], "ab"[n % 2]) for n in range(10)]
    conversations = tuple(Conversation(f"c{n}", (lines[n],)) for n in range(10))
    split = Split(("c0", "c1", "c2", "c3"), ("c4", "c5"), ("c6", "c7", "c8", "c9"))
    corpus = Corpus("talk", ("a", "b"), conversations, {"given": split})
    with FeatureStore.creating(tmp_path / "stores" / "talk", corpus):
        pass
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["ercbench"])
    small = (f"encoder.backbone={tiny_roberta}", "encoder=hcam_text", "store=talk")
    quick = ("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false")
    begun = []

    def in_this_process(job, *_):
        monkeypatch.setenv(VARIABLE, str(job.path))
        job.begin()
        config = compose_in(tmp_path, *job.asked.arguments[1:], command="finetune")
        begun.append(f"seed={config.seed} folds={config.folds}")
        planned = plan(config)
        check_same(of_encoder(planned))
        carry_out(planned)
        job.end(0)

    def call(*several):
        by = ("launcher=joblib", "launcher.jobs=1", f"runs={tmp_path}/encoders")
        words = [(*small, *quick, *by, *own) for own in several]
        runs = [(own, compose_in(tmp_path, *own, command="finetune")) for own in words]
        begun.clear()
        launch("finetune", runs)
        return list(begun)

    monkeypatch.setattr(joblib_engine, "carry_out", in_this_process)
    return call


def test_a_wrong_setting_is_told_first_and_the_others_are_trained_once(launched, capsys):
    with pytest.raises(ErcbenchError, match="2 finished, 1 failed, 0 not run"):
        launched(["seed=0"], ["seed=1"], ["seed=2", "folds=5"])
    printed, told = capsys.readouterr()
    assert "folds=5: but the training part has 4" in told.splitlines()[0]
    assert "0, 1" in printed, "a row over both seeds"
    assert launched(["seed=0"], ["seed=1"]) == []
    assert "2 of 2 runs had finished" in capsys.readouterr().err
    assert launched(["seed=0", "force=true"], ["seed=1"]) == ["seed=0 folds=1"]


def test_an_encoder_has_finished_when_the_folds_that_are_wanted_have(launched, tmp_path):
    assert launched(["folds=1"]) == ["seed=0 folds=1"]
    assert launched(["folds=2"]) == ["seed=0 folds=2"]
    assert launched(["folds=1"], ["folds=2"]) == []
    (crossfit,) = tmp_path.glob("encoders/*/crossfit.json")
    assert len(json.loads(crossfit.read_text())["folds"]) == 2
    assert launched(["folds=3"]) == ["seed=0 folds=3"], "two are not three"
    assert len(json.loads(crossfit.read_text())["folds"]) == 3
    assert launched(["folds=3", "align=false"]) == ["seed=0 folds=3"]
    crossfit.unlink()
    Job(crossfit.parent / JOB).end(1)
    assert [own.name for own in standings(tmp_path / "encoders") if own.state == "failed"] == [
        crossfit.parent.name
    ]
