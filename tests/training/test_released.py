import pytest
import torch
from helpers import SMALL_DATA, SMALL_RUN, compose_in, run_in

import ercbench.training.as_released
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

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
    assert seen[result.results.chosen.best_epoch]["weighted_f1"] == pytest.approx(
        result.results.test["weighted_f1"], abs=1e-6
    )


@pytest.mark.parametrize("model", [("mlp", "hidden=8"), ("hcam", "hidden=8", "heads=2")])
def test_looking_at_the_test_part_changes_nothing(tmp_path, model):
    name, *settings = model
    own = (*SMALL_DATA, f"model={name}", *(f"model.{setting}" for setting in settings))
    honest, looked = (
        train(compose_in(tmp_path, *own, "model.dropout=0.5", f"protocol={protocol}"))
        for protocol in ("honest", "as_released")
    )
    honest, looked = honest.results, looked.results
    assert (honest.stages, honest.outputs) == (looked.stages, looked.outputs)
    assert honest.as_released is None
    assert looked.as_released.test["weighted_f1"] >= looked.test["weighted_f1"] - 1e-6


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
    assert run_in(tmp_path, *arguments, before=kill).returncode == 9
    resumed = train(compose_in(tmp_path, *SMALL_RUN, *OVERSHOOTS, "protocol=as_released"))
    assert resumed.results.as_released == whole.results.as_released
    assert torch.isfinite(torch.tensor(resumed.results.as_released.test["weighted_f1"]))
