"""A study from its settings to the experiment that it leaves."""

import csv
import json

import optuna
import pytest
from helpers import SMALL_RUN, compose_in
from hydra._internal.core_plugins import basic_launcher

import ercbench as api
import ercbench.tuning.trial
import ercbench.tuning.worker
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.records.reading import read_runs
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.records.study import read_studies
from ercbench.training.train import train
from ercbench.tuning.tune import tune

SPACE = ("tuning.space.model.hidden=[8,16]", "tuning.space.model.layers=[1,2]")
TRIED = ("runs=runs", *SMALL_RUN, *SPACE, "trials=3", "pruner=none")
CHOICES = {"model": "mlp", "dataset": "simulated", "tuning": "mlp"}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Composes the settings of a small study in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return lambda *overrides: compose_in(
        ".", "runs=runs", *SMALL_RUN, *SPACE, *overrides, command="tune"
    )


def study(config):
    return tune(config, CHOICES)


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """A study of three trials, and its folder."""
    folder = tmp_path_factory.mktemp("tried")
    with pytest.MonkeyPatch.context() as place:
        place.chdir(folder)
        return study(compose_in(".", *TRIED, command="tune")), folder


def test_a_study_chooses_on_validation_and_leaves_all_that_it_tried(tried):
    record, tmp_path = tried
    assert [record.study, record.budget, record.count("complete")] == ["mlp-simulated", 3, 3]
    assert record.best.value == max(trial.value for trial in record.trials)
    assert record.trials[0].params["model.hidden"] == 8, "the settings as they stand come first"
    assert read_studies(tmp_path / "studies") == [record]
    with (tmp_path / "studies/mlp-simulated/trials.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["weighted_f1"]) for row in rows] == [own.value for own in record.trials]


def test_no_trial_reads_the_test_part_or_keeps_its_weights(tried):
    record, tmp_path = tried
    for trial in record.trials:
        run = RunFolder(tmp_path / "runs" / trial.run)
        results = run.read(RunRecord).results
        assert results.test is None
        assert trial.value == results.outputs["final"].validation["weighted_f1"]
        assert trial.value == pytest.approx(max(trial.curve))
        assert not run.predictions.exists()
        assert not run.checkpoints.exists()


def test_the_chosen_setting_trains_to_the_same_score_with_the_test_part_read(tried, monkeypatch):
    record, folder = tried
    monkeypatch.chdir(folder)
    chosen = train(compose("train", ["experiment=tuned/mlp-simulated", "runs=chosen"]))
    assert chosen.results.test is not None
    assert chosen.results.outputs["final"].validation["weighted_f1"] == record.best.value
    settings = json.loads(json.dumps(chosen.setup.settings))
    settings["protocol"]["test"] = False
    assert settings == record.settings


def test_more_trials_go_on_as_if_they_had_been_asked_for_at_once(asked, tmp_path):
    study(asked("trials=2", "study=short"))
    with pytest.raises(ErcbenchError, match=r"chose its setting from 2 trials; trials=4 .*extend"):
        study(asked("trials=4", "study=short"))
    extended = study(asked("trials=4", "study=short", "extend=true"))
    whole = study(asked("trials=4", "study=whole"))
    assert [own.params for own in extended.trials] == [own.params for own in whole.trials]
    assert [own.value for own in extended.trials] == [own.value for own in whole.trials]


def test_a_killed_trial_is_taken_over_with_its_settings(asked, monkeypatch):
    carry_out = ercbench.tuning.worker.carry_out_trial

    def killed(study, trial, search):
        if trial.number == 1:
            raise KeyboardInterrupt
        carry_out(study, trial, search)

    monkeypatch.setattr(ercbench.tuning.worker, "carry_out_trial", killed)
    with pytest.raises(KeyboardInterrupt):
        study(asked("trials=3"))
    monkeypatch.setattr(ercbench.tuning.worker, "carry_out_trial", carry_out)
    record = study(asked("trials=3"))
    whole = study(asked("trials=3", "study=whole"))
    assert record.count("complete") + record.count("pruned") == 3
    assert record.count("failed") == 0
    taken_over = [own.params for own in record.trials]
    assert whole.trials[1].params in taken_over


def test_a_failing_trial_does_not_end_the_study(asked, monkeypatch):
    carry_out, calls = ercbench.tuning.trial.carry_out, []

    def failing(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("out of memory")
        return carry_out(*arguments, **options)

    monkeypatch.setattr(ercbench.tuning.trial, "carry_out", failing)
    record = study(asked("trials=3"))
    assert [own.state for own in record.trials] == ["complete", "failed", "complete", "complete"]


def test_a_study_whose_every_trial_fails_says_why(asked, monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(ercbench.tuning.trial, "carry_out", failing)
    with pytest.raises(ErcbenchError, match=r"3 trials failed, 0 finished; .*out of memory"):
        study(asked("trials=9"))


def test_a_pruned_trial_leaves_no_folder(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: trial.number == 1)
    record = study(asked("trials=2"))
    pruned = record.trials[1]
    assert (pruned.state, pruned.epochs, pruned.run) == ("pruned", 1, None)
    assert pruned.value == max(pruned.curve)
    folders = [path.name for path in (tmp_path / "runs").iterdir()]
    assert folders == [record.trials[0].run]


def test_a_study_of_the_same_name_is_refused_what_it_was_not_begun_with(tried, monkeypatch):
    monkeypatch.chdir(tried[1])
    for override, said in (
        ("tuning.space.model.hidden=[8]", "space .*model.hidden: .*8, 16.*now .*8"),
        ("seed=1", "settings .*seed: 0, now 1"),
        ("dataset.simulation.seed=8", "settings, data .*seed: 7, now 8"),
        ("pruner=median", "pruner .*none, now median"),
    ):
        with pytest.raises(ErcbenchError, match=f"begun with other {said}.*study=mlp-simulated-2"):
            study(compose_in(".", *TRIED, override, command="tune"))


def test_a_model_with_nothing_to_tune_gets_one_trial(asked):
    config = asked("trials=5")
    config.tuning.space = {}
    assert study(config).budget == 1


def test_a_trial_is_no_run_of_a_report(tried):
    with pytest.raises(ErcbenchError, match=r"a trial, whose test part was not read"):
        read_runs(tried[1] / "runs")


def test_the_test_part_cannot_be_watched_while_tuning(asked):
    with pytest.raises(ErcbenchError, match=r"protocol.as_released=true: expected false"):
        asked("trials=1", "protocol=as_released")


def test_hydra_sweepers_get_the_validation_score(ercbench, tmp_path, monkeypatch):
    scores, run_job = [], basic_launcher.run_job

    def noting(*arguments, **options):
        job = run_job(*arguments, **options)
        scores.append(job.return_value)
        return job

    monkeypatch.setattr(basic_launcher, "run_job", noting)
    code, _, errors = ercbench("train", "-m", *SMALL_RUN, "seed=0,1")
    assert code == 0, errors
    runs = sorted((tmp_path / "runs").glob("*/result.json"))
    assert scores == [RunFolder(path.parent).read(RunRecord).score for path in runs]


def test_in_python_a_study_is_its_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = api.tune("mlp", "simulated", trials=2, overrides=[*SMALL_RUN[:-3], *SPACE])
    assert read_studies(tmp_path / "studies") == [given]
