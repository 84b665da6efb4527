"""Watching the test part, as released code does: what is recorded, and that it changes nothing."""

import pyarrow.parquet as pq
import pytest
import torch
from helpers import SMALL_DATA, SMALL_RUN, compose_in, forked_in

import ercbench.training.as_released
from ercbench.models.base.trainable import Trainable
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

HCAM = ("hcam", "hidden=8", "heads=2", "fusion_learning_rate=0.1")
OVERSHOOTS = ("trainer.max_epochs=6", "model.learning_rate=0.1")


def scores_of_every_epoch(monkeypatch):
    """The test scores of each epoch, as they are computed."""
    seen, plain = [], ercbench.training.as_released.on_test

    def noted(*given):
        seen.append(plain(*given))
        return seen[-1]

    monkeypatch.setattr(ercbench.training.as_released, "on_test", noted)
    return seen


def test_the_best_test_epoch_is_recorded_beside_the_honest_one(composed, monkeypatch):
    seen = scores_of_every_epoch(monkeypatch)
    result = train(composed("protocol=as_released", *OVERSHOOTS))
    scores = [epoch["weighted_f1"] for epoch in seen]
    assert len(seen) == result.results.chosen.epochs
    assert result.results.as_released.best_epoch == scores.index(max(scores))
    assert result.results.as_released.test["weighted_f1"] == max(scores)
    assert result.results.as_released.epochs == len(seen)
    assert seen[result.results.chosen.best_epoch]["weighted_f1"] == pytest.approx(
        result.results.test["weighted_f1"], abs=1e-6
    )


def probabilities(folder):
    """What a run says of every test utterance, by each of its outputs."""
    files = sorted(folder.glob("predictions*.parquet"))
    return {file.name: pq.read_table(file).to_pydict() for file in files}


@pytest.mark.parametrize(
    ("model", "stages"),
    [(("mlp", "hidden=8"), [""]), (HCAM, ["text", "audio", "visual", "fusion"])],
)
def test_looking_longer_changes_nothing(tmp_path, model, stages):
    name, *settings = model
    own = (*SMALL_DATA, f"model={name}", *(f"model.{setting}" for setting in settings))
    own += ("model.dropout=0.5", "model.learning_rate=0.1", "selection.patience=1")
    longer = ("protocol=as_released", "protocol.released_epochs=9")
    honest = train(compose_in(tmp_path, *own))
    looked = train(compose_in(tmp_path, *own, *longer))
    assert honest.results.stages == looked.results.stages
    assert honest.results.outputs == looked.results.outputs
    runs = tmp_path / "runs"
    assert probabilities(runs / honest.run) == probabilities(runs / looked.run)
    assert honest.results.as_released is None
    found = [*looked.results.earlier_as_released, looked.results.as_released]
    assert [own.stage for own in found] == stages
    assert [own.epochs for own in found] == [9] * len(stages)
    assert any(own.epochs < 9 for own in looked.results.stages), "patience never ended"
    best, chosen = looked.results.as_released.test, looked.results.test
    assert best["weighted_f1"] >= chosen["weighted_f1"] - 1e-6


def test_an_epoch_past_patience_may_be_the_best_on_test(composed, monkeypatch):
    seen = scores_of_every_epoch(monkeypatch)
    longer = ("protocol=as_released", "protocol.released_epochs=12", "selection.patience=1")
    record = train(composed(*longer, "model.learning_rate=0.003", "trainer.max_epochs=2"))
    scores = [epoch["weighted_f1"] for epoch in seen]
    assert record.results.chosen.epochs == 2
    assert len(scores) == 12
    assert record.results.as_released.best_epoch == scores.index(max(scores)) > 1


def test_epochs_past_the_honest_ones_are_those_of_a_longer_training(tmp_path, monkeypatch):
    seen = scores_of_every_epoch(monkeypatch)
    both = (*SMALL_RUN, *OVERSHOOTS, "protocol=as_released", "selection.patience=9")
    train(compose_in(tmp_path, *both))
    whole = list(seen)
    seen.clear()
    train(compose_in(tmp_path, *both, "trainer.max_epochs=3", "protocol.released_epochs=6"))
    assert len(whole) == 6
    assert seen == whole


def test_a_training_that_fails_while_only_watched_still_has_its_honest_result(
    composed, monkeypatch, capsys
):
    plain = Trainable._check_finite

    def diverges(self, loss):
        plain(self, loss if self.current_epoch < 7 else float("inf"))

    monkeypatch.setattr(Trainable, "_check_finite", diverges)
    record = train(composed("protocol=as_released", "protocol.released_epochs=12"))
    assert record.results.as_released.epochs == 7
    assert record.results.chosen.epochs == 6
    assert "watched no further: The training loss became inf" in capsys.readouterr().err


def test_a_run_that_was_killed_remembers_the_best_so_far(tmp_path):
    whole = train(compose_in(tmp_path / "whole", *SMALL_RUN, *OVERSHOOTS, "protocol=as_released"))
    kill = (
        "import os; from ercbench.training.callbacks import StepSeeds as S\n"
        "plain = S.on_train_batch_start\n"
        "def dies(self, trainer, *rest):\n"
        "    if trainer.current_epoch == 4: os._exit(9)\n"
        "    plain(self, trainer, *rest)\n"
        "S.on_train_batch_start = dies"
    )
    arguments = ("train", *SMALL_RUN, *OVERSHOOTS, "protocol=as_released")
    assert forked_in(tmp_path, *arguments, before=kill).returncode == 9
    resumed = train(compose_in(tmp_path, *SMALL_RUN, *OVERSHOOTS, "protocol=as_released"))
    assert resumed.results.as_released == whole.results.as_released
    assert torch.isfinite(torch.tensor(resumed.results.as_released.test["weighted_f1"]))
