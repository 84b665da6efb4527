"""What a user relies on of a model that is trained in stages."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from helpers import SMALL_DATA, compose_in, forked_in
from sklearn.metrics import f1_score

from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

HCAM = (
    *("model=hcam", "model.hidden=8", "model.context_attention=3", "model.fusion_width=8"),
    *("model.fusion_attention=3", "model.learning_rate=0.01", "model.fusion_learning_rate=0.01"),
    *("dataset.batch_size=4", "selection.patience=2", "features=[text,audio]"),
)
STAGES = ("text", "audio", "fusion")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert forked_in(folder, "train", *SMALL_DATA, *HCAM).returncode == 0
    return next((folder / "runs").glob("[!.]*"))


def result_of(folder):
    return RunFolder(folder).read(RunRecord)


def epochs_of(folder, stage):
    with (folder / "metrics.csv").open() as stream:
        return [row for row in csv.DictReader(stream) if row["stage"] == stage]


def weights_of(folder, name):
    return torch.load(folder / "checkpoints" / name, weights_only=True)["state_dict"]


def test_every_stage_chooses_its_own_best_epoch_on_validation(run):
    stages = result_of(run).results.stages
    assert [stage.stage for stage in stages] == list(STAGES)
    for stage in stages:
        scores = [float(row["val/weighted_f1"]) for row in epochs_of(run, stage.stage)]
        assert stage.epochs == len(scores)
        assert stage.best_epoch == scores.index(max(scores))
        assert stage.validation["weighted_f1"] == max(scores)
    assert result_of(run).results.chosen == stages[-1]


def test_a_stage_begins_with_the_best_of_the_one_before_and_leaves_it_alone(run):
    final = weights_of(run, "best.ckpt")
    for stage in ("text", "audio"):
        best = weights_of(run, f"best-{stage}.ckpt")
        own = [name for name in best if name.startswith(f"network.context.{stage}.")]
        assert own
        assert all(torch.equal(best[name], final[name]) for name in own)


def test_every_output_is_recorded_with_its_predictions(run):
    result = result_of(run)
    assert set(result.results.outputs) == {"final", "text", "audio", "ensemble"}
    for name, scores in result.results.outputs.items():
        rows = pq.read_table(RunFolder(run).predictions_of(name)).to_pylist()
        true, found = [r["label"] for r in rows], [r["predicted"] for r in rows]
        expected = f1_score(true, found, average="weighted")
        assert scores.test["weighted_f1"] == pytest.approx(expected)


def test_the_ensemble_is_weighed_on_validation(run):
    result = result_of(run)
    outputs = result.results.outputs
    weights = outputs["ensemble"].weights
    assert set(weights) == {"final", "text", "audio"}
    assert sum(weights.values()) == pytest.approx(1)
    reached = outputs["ensemble"].validation["weighted_f1"]
    best = max(own.validation["weighted_f1"] for own in outputs.values())
    assert reached == pytest.approx(best)
    names = {n: f"predictions-{n}" if n != "final" else "predictions" for n in weights}
    tables = {n: pq.read_table(run / f"{file}.parquet").to_pylist() for n, file in names.items()}
    mixed = pq.read_table(run / "predictions-ensemble.parquet").to_pylist()
    for turn, row in enumerate(mixed):
        for label in (f"p_{label}" for label in result.setup.labels):
            expected = sum(w * tables[n][turn][label] for n, w in weights.items())
            assert row[label] == pytest.approx(expected, abs=1e-5)


DIES = """
import os
import ercbench.training.fit
from ercbench.training.callbacks import History, StepSeeds
from ercbench.models.base.classifier import ConversationClassifier

started = []
start, end = ConversationClassifier.start_stage, History.on_train_epoch_end
load = ercbench.training.fit.load_weights

def noted(self, stage):
    started.append(stage.name)
    start(self, stage)

def dies_in_an_epoch(self, trainer, module):
    if started[-1] == "{stage}" and trainer.current_epoch == {epoch}:
        os._exit(9)
    end(self, trainer, module)

def dies_between_stages(model, path):
    if started[-1] == "{stage}" and {epoch} is None:
        os._exit(9)
    load(model, path)

ConversationClassifier.start_stage = noted
History.on_train_epoch_end = dies_in_an_epoch
ercbench.training.fit.load_weights = dies_between_stages
"""


def test_a_run_killed_in_a_stage_and_between_stages_ends_as_if_it_had_not_been(run, tmp_path):
    for stage, epoch in (("text", None), ("fusion", 1)):
        before = DIES.format(stage=stage, epoch=epoch)
        assert forked_in(tmp_path, "train", *SMALL_DATA, *HCAM, before=before).returncode == 9
    assert forked_in(tmp_path, "train", *SMALL_DATA, *HCAM).returncode == 0
    folder = tmp_path / "runs" / run.name
    names = [path.name for path in run.glob("*.parquet")]
    for name in ("metrics.csv", *names):
        assert (folder / name).read_bytes() == (run / name).read_bytes()
    ours, theirs = result_of(folder).results, result_of(run).results
    assert (ours.stages, ours.outputs) == (theirs.stages, theirs.outputs)


def test_a_stage_may_have_fewer_epochs_than_the_trainer_allows(tmp_path):
    result = train(compose_in(tmp_path, *SMALL_DATA, *HCAM, "model.context_epochs=1"))
    assert [stage.epochs for stage in result.results.stages][:2] == [1, 1]
    assert len(epochs_of(Path(tmp_path) / "runs" / result.run, "text")) == 1


def test_a_model_with_one_stage_has_one_output_and_no_stage_column(composed):
    config = composed()
    result = train(config)
    folder = Path(config.runs) / result.run
    assert set(result.results.outputs) == {"final"}
    assert [stage.stage for stage in result.results.stages] == [""]
    assert "stage" not in (folder / "metrics.csv").read_text().splitlines()[0].split(",")
    assert [path.name for path in folder.glob("*.parquet")] == ["predictions.parquet"]
