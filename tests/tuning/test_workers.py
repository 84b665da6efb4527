"""Several processes on one study, in a file and in a database, one of them killed."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from filelock import FileLock
from helpers import SMALL_RUN, compose_in
from optuna.trial import TrialState
from postgresql import PASSWORD, programs, server

from ercbench.errors import ErcbenchError
from ercbench.tuning.study import SharedStudy, number_of
from ercbench.tuning.tune import search_of, tune
from ercbench.tuning.worker import deaf_to_interrupts, work, work_side_by_side

SPACE = ("tuning.space.model.hidden=[8,16]", "tuning.space.model.layers=[1,2]")
EPOCHS = 60
LONG = (f"trainer.max_epochs={EPOCHS}", f"selection.patience={EPOCHS}", "pruner=none")
CHOICES = {"model": "mlp", "dataset": "simulated", "tuning": "mlp"}


@pytest.fixture(scope="module")
def port():
    """The port of a PostgreSQL server; the test is skipped, or fails, without one."""
    if programs() is None:
        message = "needs Debian's package postgresql; no initdb found"
        if os.environ.get("ERCBENCH_REQUIRE_POSTGRESQL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with server() as port:
        yield port


def url(port, password=PASSWORD):
    return f"postgresql://ann:{quote(password, safe='')}@127.0.0.1:{port}/postgres"


def asked(folder, *overrides):
    settings = ("runs=runs", *SMALL_RUN, *SPACE, *overrides)
    return compose_in(folder, *settings, command="tune")


def wait_for(condition):
    for _ in range(8000):
        if found := condition():
            return found
        time.sleep(0.05)
    return pytest.fail("waited in vain")


def once_two_work(study, search):
    """Works on a study as soon as the process beside this one does."""
    wait_for(lambda: any(map(elsewhere, study.trials)))
    work(search)


def kill_other(study):
    """Kills the process beside this one amid a trial; returns the trial, far from its end."""

    def amid():
        return next((own for own in study.trials if elsewhere(own) and early(own)), None)

    def early(trial):
        return trial.state == TrialState.RUNNING and 0 < len(trial.intermediate_values) < EPOCHS / 2

    trial = wait_for(amid)
    os.kill(process_of(trial), signal.SIGKILL)
    return trial


def elsewhere(trial):
    return process_of(trial) not in (None, os.getpid())


def process_of(trial):
    worker = trial.user_attrs.get("worker")
    return worker and int(worker.split("-")[-2])


@pytest.mark.parametrize("kind", ["file", pytest.param("database", marks=pytest.mark.postgresql)])
def test_of_two_processes_one_is_killed_and_no_trial_is_lost_or_counted_twice(
    kind, tmp_path, monkeypatch, request
):
    monkeypatch.chdir(tmp_path)
    storage = "null" if kind == "file" else f"'{url(request.getfixturevalue('port'))}'"
    search = search_of(asked(tmp_path, "trials=3", *LONG, f"storage={storage}"), CHOICES)
    study = SharedStudy(search)
    monkeypatch.setattr("ercbench.tuning.worker.work", lambda search: once_two_work(study, search))
    with ThreadPoolExecutor() as pool:
        killing = pool.submit(kill_other, study)
        work_side_by_side(search, 2)
    killed = killing.result()
    trials = study.trials
    assert len({number_of(own) for own in trials}) == 3
    assert {own.state for own in trials} == {TrialState.COMPLETE}
    again = next(own for own in trials if number_of(own) == killed.number)
    assert again.number > killed.number, "it began again"
    assert again.params == killed.params
    assert len(again.intermediate_values) == EPOCHS


def test_the_processes_of_a_command_that_is_killed_end_with_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = search_of(asked(tmp_path, "trials=30", *LONG), CHOICES)
    study = SharedStudy(search)
    spawn = multiprocessing.get_context("spawn")
    command = spawn.Process(target=work_side_by_side, args=(search, 2))
    command.start()
    wait_for(lambda: len({process_of(own) for own in study.trials} - {None}) == 2)
    command.kill()
    command.join()
    for lock in study.workers.glob("*.lock"):
        with FileLock(lock, timeout=60):
            assert not study.done, "the other process went on"


def test_ctrl_c_is_told_by_the_command_alone_and_not_by_tracebacks_of_its_processes():
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=signal.raise_signal, args=(signal.SIGINT,))
    before = signal.getsignal(signal.SIGINT)
    with deaf_to_interrupts():
        process.start()
    process.join()
    assert process.exitcode == 0
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("wrong", ["password", "port", "driver"])
def test_a_database_that_is_not_there_is_one_line_without_the_password(tmp_path, port, wrong):
    storage = {
        "password": url(port, "guessed wrong"),
        "port": url(1),
        "driver": f"nothing://ann:{PASSWORD[-3:]}@host/name",
    }[wrong]
    with pytest.raises(ErcbenchError, match="storage") as caught:
        tune(asked(tmp_path, "trials=1", f"storage='{storage}'", f"studies={tmp_path}"), CHOICES)
    assert "\n" not in str(caught.value)
    assert "guessed" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_what_is_no_url_is_refused_without_being_shown(tmp_path):
    settings = ("trials=1", "storage='my secret'", f"studies={tmp_path}")
    with pytest.raises(ErcbenchError, match="storage: expected Optuna's URL") as caught:
        tune(asked(tmp_path, *settings), CHOICES)
    assert "my secret" not in str(caught.value)
