import csv
import io
from dataclasses import replace
from pathlib import Path

import lightning as L
import pyarrow.parquet as pq
import pytest
import torch
from filelock import FileLock
from helpers import SMALL_DATA, forked_in
from rich.console import Console
from sklearn.metrics import accuracy_score, f1_score

import ercbench.training.once
import ercbench.training.train
from ercbench.data.batch import IGNORE
from ercbench.data.datamodule import ConversationDataModule
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.summary import summary
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import sha256_of_file
from ercbench.models.baselines.mlp import MLP
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.callbacks import StepSeeds
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")


def folder_of(result, config):
    return Path(config.runs) / result.run


def test_a_run_leaves_a_record_that_agrees_with_itself(composed):
    config = composed()
    result = train(config)
    folder = folder_of(result, config)
    assert RunFolder(folder).read(RunRecord) == result
    rows = pq.read_table(folder / "predictions.parquet").to_pylist()
    true, predicted = [r["label"] for r in rows], [r["predicted"] for r in rows]
    test = result.results.test
    assert len({r["conversation"] for r in rows}) == 6
    assert test["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert test["weighted_f1"] == pytest.approx(f1_score(true, predicted, average="weighted"))
    for row in rows:
        probabilities = {name: row[f"p_{name}"] for name in result.setup.labels}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert max(probabilities, key=probabilities.get) == row["predicted"]
    assert result.setup.simulated is True
    assert result.setup.seed == 0


def test_the_epoch_is_the_first_best_on_validation(composed):
    config = composed("selection.metric=accuracy")
    result = train(config)
    with (folder_of(result, config) / "metrics.csv").open() as stream:
        scores = [float(row["val/accuracy"]) for row in csv.DictReader(stream)]
    assert result.results.chosen.best_epoch == scores.index(max(scores))
    assert result.results.chosen.validation["accuracy"] == max(scores)


def test_the_test_part_is_not_touched_before_the_epoch_is_chosen(composed, monkeypatch):
    events = []
    part, fit = ConversationDataModule.part, L.Trainer.fit

    def noted_part(self, name):
        events.append(name)
        return part(self, name)

    def noted_fit(self, *args, **options):
        fit(self, *args, **options)
        events.append("chosen")

    monkeypatch.setattr(ConversationDataModule, "part", noted_part)
    monkeypatch.setattr(L.Trainer, "fit", noted_fit)
    train(composed())
    assert "test" in events
    assert "test" not in events[: events.index("chosen")]


def test_what_was_tested_are_the_weights_of_the_best_epoch(composed):
    """Training longer past the best epoch changes nothing."""
    short = train(composed("trainer.max_epochs=4", "model.learning_rate=0.3"))
    best = short.results.chosen.best_epoch
    assert best < 3, "the example no longer overshoots"
    upto = train(composed(f"trainer.max_epochs={best + 1}", "model.learning_rate=0.3"))
    assert upto.results.test == short.results.test


def test_training_stops_when_validation_no_longer_improves(composed):
    result = train(
        composed("trainer.max_epochs=50", "selection.patience=2", "model.learning_rate=0.1")
    )
    assert result.results.chosen.epochs == result.results.chosen.best_epoch + 3 < 50


def test_a_finished_run_is_not_run_again_unless_forced(composed, monkeypatch):
    first = train(composed())
    forced = train(composed("force=true"))
    assert forced.results.test == first.results.test
    assert forced.execution.seconds != first.execution.seconds
    monkeypatch.setattr(
        ercbench.training.train, "fit_and_evaluate", lambda *_: pytest.fail("it ran again")
    )
    assert train(composed()) == forced
    assert train(composed("logger=wandb", "group=other")) == forced


@pytest.mark.parametrize(
    "change",
    ["seed=1", "model.hidden=9", "dataset.simulation.seed=8", "trainer.precision=bf16-mixed"],
)
def test_what_changes_the_numbers_changes_the_folder(composed, change):
    assert train(composed()).run != train(composed(change)).run


KILL = """
import os
import lightning as L
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.callbacks import History, StepSeeds
plain = {where}
def dies(self, *args, **options):
    trainer = self if isinstance(self, L.Trainer) else args[0]
    if trainer.current_epoch >= 3 and args[3:] in ((), (1,)):
        os._exit(9)
    return plain(self, *args, **options)
{where} = dies
"""


STOPS_EARLY = (
    "train",
    *SMALL_DATA,
    *("model=cfn_esa", "model.hidden=8", "model.heads=2", "dataset.batch_size=4"),
    *("trainer.max_epochs=20", "selection.patience=1", "model.learning_rate=0.01"),
)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert forked_in(folder, *STOPS_EARLY).returncode == 0
    return next((folder / "runs").glob("[!.]*"))


@pytest.mark.parametrize(
    "where", ["StepSeeds.on_train_batch_start", "History.on_train_epoch_end", "L.Trainer.predict"]
)
def test_an_interrupted_run_ends_as_if_it_had_not_been(uninterrupted, tmp_path, where):
    killed = forked_in(tmp_path, *STOPS_EARLY, before=KILL.format(where=where))
    assert killed.returncode == 9
    folder = tmp_path / "runs" / uninterrupted.name
    assert (folder / "checkpoints" / "last.ckpt").is_file()
    assert not (folder / "result.json").exists()
    assert forked_in(tmp_path, *STOPS_EARLY).returncode == 0
    for name in ("predictions.parquet", "metrics.csv"):
        assert (folder / name).read_bytes() == (uninterrupted / name).read_bytes()
    ours, theirs = (RunFolder(f).read(RunRecord).results for f in (folder, uninterrupted))
    assert (ours.stages, ours.outputs) == (theirs.stages, theirs.outputs)
    assert ours.chosen.epochs < 20, "the example no longer stops early"


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", -15), ("SIGINT", 1)])
@pytest.mark.parametrize("where", ["StepSeeds.on_train_batch_start", "L.Trainer.predict"])
def test_a_run_that_is_told_to_end_ends_at_once_and_not_as_if_it_had_finished(
    tmp_path, where, number, code
):
    tells = KILL.replace("os._exit(9)", f"import signal; signal.raise_signal(signal.{number})")
    told = forked_in(tmp_path, *STOPS_EARLY, before=tells.format(where=where))
    assert told.returncode == code
    assert "Interrupted; the same command goes on where this one stopped." in told.stderr
    (folder,) = (tmp_path / "runs").glob("[!.]*")
    assert (folder / "checkpoints" / "last.ckpt").is_file()
    assert not (folder / "result.json").exists()


def test_every_epoch_has_another_order_and_other_dropout(composed, monkeypatch):
    orders, draws = [], []

    def noted(self, trainer, module, batch, index):
        plain(self, trainer, module, batch, index)
        orders.append(frozenset(batch.conversation_ids))
        draws.append(torch.rand(1).item())

    plain = StepSeeds.on_train_batch_start
    monkeypatch.setattr(StepSeeds, "on_train_batch_start", noted)
    train(composed("dataset.batch_size=4"))
    epochs = [tuple(orders[first : first + 3]) for first in range(0, len(orders), 3)]
    assert len(set(epochs)) == len(epochs) == 6
    assert len(set(draws)) == len(draws)


def test_a_folder_in_use_by_another_process_is_left_alone(composed):
    config = composed()
    folder = folder_of(train(config), config)
    with (
        FileLock(folder / ".lock"),
        pytest.raises(ErcbenchError, match="another process is running this very run"),
    ):
        train(composed("force=true"))


def test_a_foreign_checkpoint_in_the_folder_is_refused(composed):
    config = composed()
    folder = folder_of(train(config), config)
    other = train(composed("features=text"))
    (folder / "result.json").unlink()
    (folder_of(other, config) / "checkpoints" / "last.ckpt").replace(
        folder / "checkpoints" / "last.ckpt"
    )
    with pytest.raises(ErcbenchError, match="last.ckpt: trained for another data"):
        train(composed())


def test_a_damaged_result_is_named(composed):
    config = composed()
    path = folder_of(train(config), config) / "result.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(ErcbenchError, match="result.json: damaged"):
        train(config)


def test_a_loss_that_is_no_number_stops_the_run_with_advice(composed):
    with pytest.raises(ErcbenchError, match=r"loss became (nan|inf).*Lower the learning rate, now"):
        train(composed("model.learning_rate=1e30"))


def test_gradients_are_clipped_where_the_model_says(composed):
    free, clipped = (train(composed(f"model.gradient_clip={c}")) for c in ("null", "1e-6"))
    assert free.results.test != clipped.results.test


def test_leaking_features_stop_the_run_or_mark_the_record(composed, monkeypatch):
    with_fitted_on(monkeypatch, ["test-0000", "test-0001"])
    with pytest.raises(ErcbenchError, match="saw the labels of 2 of 6 test"):
        train(composed())
    result = train(composed("protocol.allow_leakage=true"))
    assert {leak.features for leak in result.setup.leaks} == {
        "text:simulated",
        "audio:simulated",
        "visual:simulated",
    }


def test_bfloat16_trains(composed):
    assert train(composed("trainer.precision=bf16-mixed")).results.test["accuracy"] > 0


def test_a_record_and_a_checkpoint_know_how_every_feature_set_was_made(composed):
    config = composed("features=[text,audio]")
    result = train(config)
    recipes = result.setup.features
    assert [recipe.key for recipe in recipes] == ["text:simulated", "audio:simulated"]
    assert {recipe.encoder for recipe in recipes} == {"simulation"}
    assert all(recipe.fitted_on == [] and len(recipe.values_sha256) == 64 for recipe in recipes)
    best = folder_of(result, config) / "checkpoints" / "best.ckpt"
    assert result.results.checkpoint_sha256 == sha256_of_file(best)
    model = MLP.load_from_checkpoint(best, weights_only=True)
    assert model.recipes == [recipe.plain() for recipe in recipes]


def test_unknown_provenance_is_warned_of(composed, monkeypatch):
    with_fitted_on(monkeypatch, None)
    with pytest.warns(UserWarning, match="Provenance unknown.*text:simulated"):
        result = train(composed())
    assert "text:simulated" in result.setup.unknown_provenance


def test_a_finished_run_on_a_disk_that_cannot_be_written_gives_its_record(
    composed, capsys, monkeypatch
):
    config = composed()
    first = train(config)
    monkeypatch.setattr(RunFolder, "locked", lambda self: pytest.fail("a lock is a file"))
    monkeypatch.setattr(ercbench.training.once, "write_config", lambda *_: pytest.fail("wrote"))
    assert train(config) == first
    said = capsys.readouterr().err
    assert f"{first.run}: finished on {first.execution.finished[:10]}, not run again" in said
    assert "force=true" in said


def test_a_test_part_without_labels_gives_predictions_and_no_scores(composed, monkeypatch):
    without_labels(monkeypatch, "test")
    config = composed("protocol=as_released")
    result = train(config)
    assert result.results.test is None
    assert result.results.as_released is None
    rows = pq.read_table(folder_of(result, config) / "predictions.parquet").to_pylist()
    assert {row["label"] for row in rows} == {None}
    assert {row["predicted"] for row in rows} <= set(result.setup.labels)
    console = Console(width=100, file=io.StringIO())
    console.print(summary(result))
    assert "no labels, no scores" in console.file.getvalue()


def without_labels(monkeypatch, part):
    """Takes the labels of a part away."""
    plain = ConversationDataModule.part

    def unlabelled(self, name):
        dataset = plain(self, name)
        if name == part:
            dataset.labels = lambda item: torch.full((len(dataset.conversations[item]),), IGNORE)
            dataset.conversations = [
                replace(c, utterances=tuple(replace(u, label=None) for u in c.utterances))
                for c in dataset.conversations
            ]
        return dataset

    monkeypatch.setattr(ConversationDataModule, "part", unlabelled)


def with_fitted_on(monkeypatch, conversations):
    """Makes every new feature set say whose labels its encoder saw."""
    add = FeatureStore.add

    def claiming(self, *args, **options):
        return add(self, *args, **options | {"fitted_on": conversations})

    monkeypatch.setattr(FeatureStore, "add", claiming)
