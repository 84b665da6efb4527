"""Runs of `-m` side by side: each once, failures told, the same numbers as one after the other."""

import shlex

import pytest
from helpers import SMALL_RUN, compose_in

from ercbench.errors import ErcbenchError
from ercbench.launching.asking import check_same, job_of
from ercbench.launching.job import Job
from ercbench.launching.work import of_run
from ercbench.launching.working import VARIABLE
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import plan, train


def scores(folder):
    found = {path.name: RunFolder(path).read(RunRecord) for path in folder.glob("simulated-*")}
    return {name: record.results.outputs for name, record in found.items()}


@pytest.mark.filterwarnings("ignore")
def test_runs_side_by_side_come_to_the_same_numbers_and_one_that_fails_is_told(
    ercbench, run_command, tmp_path
):
    several = ("train", "-m", *SMALL_RUN, "seed=0,1", "launcher=joblib", "launcher.jobs=2")
    wrong = run_command(*several, "trainer.max_epochs=2", "model.hidden=8,0")
    assert wrong.returncode == 2
    assert wrong.stderr.count("model.hidden=0: expected at least 1") == 2
    assert "2 finished, 2 failed, 0 not run" in wrong.stderr.splitlines()[-1]
    assert "0, 1" in wrong.stdout, "a row over both seeds"
    for seed in (0, 1):
        config = compose_in(tmp_path / "serial", *SMALL_RUN, f"seed={seed}", "trainer.max_epochs=2")
        train(config)
    side_by_side, serial = tmp_path / "runs", tmp_path / "serial" / "runs"
    assert scores(side_by_side) == scores(serial)
    for own in serial.glob("*/predictions.parquet"):
        assert (side_by_side / own.parent.name / own.name).read_bytes() == own.read_bytes()
    code, _, errors = ercbench(*several, "trainer.max_epochs=2")
    assert code == 0
    assert "2 of 2 runs had finished, not run again" in errors


def test_a_launcher_alone_is_refused_and_an_unknown_one_is_told_what_there_is(ercbench):
    assert "Add -m" in ercbench("train", "launcher=joblib", *SMALL_RUN)[2]
    assert "Add -m" in ercbench("finetune", "launcher=joblib", "corpus=meld")[2]
    _, _, errors = ercbench("train", "-m", "launcher=joblip", *SMALL_RUN)
    assert "No launcher 'joblip'; there are: joblib, ray, slurm. Did you mean 'joblib'?" in errors
    assert (
        "launcher.jobs=0: expected at least 1"
        in (ercbench("train", "-m", "launcher=joblib", "launcher.jobs=0", *SMALL_RUN)[2])
    )


def test_commands_prints_a_line_for_each_run_that_leads_to_it(ercbench):
    code, printed, _ = ercbench("commands", "model=mlp", "seed=0,1", "group='a b'")
    assert code == 0
    lines = printed.splitlines()
    assert [shlex.split(line) for line in lines] == [
        ["ercbench", "train", "model=mlp", f"seed={seed}", "group='a b'"] for seed in (0, 1)
    ]
    code, printed, _ = ercbench("commands", "finetune", "corpus=meld", "seed=0,1")
    assert code == 0
    assert printed.splitlines() == [f"ercbench finetune corpus=meld seed={seed}" for seed in (0, 1)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("part", "told"), [("code", "the same ercbench"), ("data", "the same stores"), ("run", "")]
)
def test_another_code_or_other_data_where_the_run_is_carried_out_stop_it(
    composed, monkeypatch, part, told
):
    work = of_run(plan(composed()))
    job, asked = job_of(work, ["train"])
    job.ask(asked)
    monkeypatch.setenv(VARIABLE, str(job.path))
    check_same(work)
    if part == "run":
        return
    other = {**asked.same, part: "other", "run": "another"}
    Job(job.path).ask(type(asked)(asked.arguments, asked.place, asked.result, other))
    with pytest.raises(ErcbenchError, match=f"{part} differ.*{told}"):
        check_same(work)
