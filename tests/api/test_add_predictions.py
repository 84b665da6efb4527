"""Another code's predictions in every table, by `ercbench add` and from Python."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers import SMALL_DATA

import ercbench
from ercbench.commands.add import add_command
from ercbench.commands.report import report_command
from ercbench.commands.show import show_command
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.figures.confidence import calibration
from ercbench.evaluation.page.conversations import conversations
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.tables import tables
from records import rewritten

DATA = [own for own in SMALL_DATA if own.startswith("dataset")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("adding")


@pytest.fixture(scope="module")
def run(folder):
    settings = (*SMALL_DATA, "model.hidden=8", "trainer.max_epochs=2")
    return ercbench.train(
        "gru", "simulated", overrides=settings, runs=folder / "runs", stores=folder / "stores"
    )


@pytest.fixture
def runs(run, tmp_path):
    """A folder of runs with one of ours in it."""
    shutil.copytree(run.folder.path, tmp_path / "runs" / run.folder.path.name)
    return tmp_path / "runs"


@pytest.fixture
def add(folder, runs):
    """Adds predictions of the small simulated corpus."""

    def call(*files, model="Theirs", **options):
        stores = folder / "stores"
        return ercbench.add_predictions(
            files, "simulated", model, overrides=DATA, runs=runs, stores=stores, **options
        )

    return call


@pytest.fixture
def answers(run, tmp_path):
    """Writes [N, C] probabilities, right with a share of the truth, or the labels alone."""

    def write(seed, certainty=0.9, labels_only=False):
        test = run.test_set
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(len(test.labels)), len(test.truth))
        shares = (1 - certainty) * shares + certainty * np.eye(len(test.labels))[test.truth]
        said = {"predicted": np.array(test.labels)[shares.argmax(1)]}
        if not labels_only:
            said = {"probabilities": shares, "labels": np.array(test.labels)}
        path = tmp_path / f"theirs_seed{seed}.npz"
        np.savez(path, utterance_id=test.utterances, **said)
        return path, shares

    return write


def test_added_predictions_stand_in_every_table_with_the_same_statistics(run, runs, add, answers):
    (first, shares), (second, more) = answers(0), answers(1)
    records = add(first, second)
    assert [record.setup.seed for record in records] == [0, 1]
    (comparison,) = read_comparisons(runs)
    theirs = next(group for group in comparison.groups if group.name == "Theirs")
    assert theirs.brought_along
    np.testing.assert_allclose(theirs.probabilities, np.stack([shares, more]), atol=1e-6)
    analysis = analyse(comparison, draws=200)
    both = {"GRU": run, "Theirs": np.stack([shares, more])}
    beside = ercbench.compare(both, run.test_set)
    assert analysis.estimates["Theirs"] == beside.analysis.estimates["Theirs"]
    for table in tables(comparison, analysis):
        texts = [str(cell.value) for row in table.rows for cell in row]
        assert ("Theirs ‡" in texts) == (table.name != "released")
        assert any("selection and budget unknown" in note for note in table.notes)


def test_what_was_brought_along_is_never_in_bold(runs, add, answers):
    add(*(answers(seed, certainty=1.0)[0] for seed in (0, 1)))
    (comparison,) = read_comparisons(runs)
    comparison = replace(comparison, groups=tuple(map(_with_two_seeds, comparison.groups)))
    analysis = analyse(comparison, draws=1000)
    assert any(pair.told_apart for pair in analysis.pairs["accuracy"])
    for table in tables(comparison, analysis):
        assert not any(cell.bold for row in table.rows for cell in row)


def _with_two_seeds(group):
    """The group, or its only seed twice."""
    if len(group.seeds) > 1:
        return group
    twice = np.concatenate([group.probabilities] * 2)
    changes = {"seeds": (0, 1), "scores": group.scores * 2, "runs": group.runs * 2}
    return replace(group, probabilities=twice, **changes)


def test_labels_alone_have_no_scores_of_probabilities(runs, add, answers):
    (record,) = add(answers(0, labels_only=True)[0])
    assert record.test.values["ece"] is record.test.values["nll"] is None
    (comparison,) = read_comparisons(runs)
    scores = tables(comparison, analyse(comparison, draws=100))[0]
    titles = [column.title for column in scores.columns]
    (theirs,) = (row for row in scores.rows if row[0].value == "Theirs ‡")
    shown = {title: cell.value for title, cell in zip(titles, theirs, strict=True)}
    assert shown["ECE"] is shown["NLL"] is shown["parameters"] is None
    assert shown["accuracy"] == pytest.approx(record.test["accuracy"])
    page = {own["name"]: own["labelsOnly"] for own in conversations("x", comparison)["models"]}
    assert page == {"Theirs ‡": True, "GRU": False}
    only = [group for group in comparison.groups if group.labels_only]
    assert calibration(type(comparison)(comparison.test, tuple(only), ()), None) is None


def test_the_same_file_again_adds_nothing(runs, add, answers, capsys):
    path, _ = answers(0)
    (first,) = add(path)
    (again,) = add(path)
    assert first.run == again.run
    assert "there already, nothing is added" in capsys.readouterr().err
    assert len(list(runs.iterdir())) == 2


def test_a_name_that_others_have_is_refused_with_a_next_step(run, runs, add, answers):
    path, _ = answers(0)
    with pytest.raises(ErcbenchError, match="is a model of this benchmark"):
        add(path, model="gru")
    add(path)
    answers(0, certainty=0.5)
    with pytest.raises(ErcbenchError, match=r"other predictions were added on .* or delete"):
        add(path)
    record = runs / run.folder.path.name / "result.json"
    rewritten(record, lambda found: found["setup"].update(model="own"))
    with pytest.raises(ErcbenchError, match=r"is a run of that model.*as in name='NAME 2'"):
        add(path, model="Own")


def test_a_file_that_does_not_fit_adds_none_of_several(runs, add, answers):
    first, _ = answers(0)
    second, _ = answers(1)
    np.savez(second, utterance_id=["elsewhere"], predicted=["joy"])
    with pytest.raises(ErcbenchError, match="no prediction for"):
        add(first, second)
    assert len(list(runs.iterdir())) == 1


def test_added_predictions_are_no_run_and_can_be_shown(runs, add, answers, capsys):
    (record,) = add(answers(0)[0])
    with pytest.raises(ErcbenchError, match="record of added predictions; expected that of a run"):
        ercbench.load_run(runs / record.run)
    show_command(compose("show", [f"run='{runs / record.run}'"]))
    shown = capsys.readouterr().out
    assert "selection and budget unknown" in shown
    assert "theirs_seed0.npz" in shown


def test_the_command_line_takes_a_pattern_and_calls_the_model_by_either_name(
    folder, runs, answers, capsys, ercbench, monkeypatch
):
    answers(0), answers(1)
    shared = ["dataset=simulated", *DATA, f"stores={folder / 'stores'}", f"runs={runs}"]
    code, out, err = ercbench("add", "theirs_seed*.npz", *shared, "model=Their net")
    assert (code, err.count("added")) == (0, 2)
    assert "Their net ‡, seed 1: accuracy" in out
    code, _, err = ercbench(
        "add", "theirs_seed0.npz", "theirs_seed1.npz", *shared, "name=Their net"
    )
    assert (code, err.count("there already")) == (0, 2)
    code, _, err = ercbench("add", "theirs_seed0.npz", "model=Their net")
    assert (code, err.count("\n")) == (2, 1)
    assert "dataset is not set" in err
    report_command(compose("report", [f"runs={runs}"]))
    assert "Their net ‡" in capsys.readouterr().out


def test_settings_of_the_command_are_those_of_the_function(folder, runs, answers, capsys):
    path, _ = answers(3)
    told = [f"predictions='{path}'", "dataset=simulated", *DATA, "name=Theirs"]
    add_command(compose("add", [*told, f"runs={runs}", f"stores={folder / 'stores'}"]))
    assert "seed 3" in capsys.readouterr().out
