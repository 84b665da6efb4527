"""Extraction in shards and a study of several workers, each by a launcher."""

import csv
import os
import signal
import threading

import pytest
from helpers import SMALL_RUN, compose_in, run_in
from optuna.trial import TrialState
from postgresql import PASSWORD, programs, server
from small import tone, write_wav
from waiting import wait_for

from ercbench.tuning.study import SharedStudy, number_of
from ercbench.tuning.tune import search_of


def write_corpus(folder):
    """Writes a table of six utterances in three conversations, with sound; returns its path."""
    rows = []
    for number in range(6):
        wav = write_wav(folder / f"{number}.wav", tone(0.3, 8000, 200 + 100 * number), 8000)
        part, label = ("train", "dev", "test")[number // 2], ("happy", "sad")[number % 2]
        rows.append([f"c{number // 2}", f"u{number}", "Ross", "hello", label, part, str(wav)])
    path = folder / "talk.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["conversation", "utterance", "speaker", "text", "label", "split", "audio"])
        writer.writerows(rows)
    return path


def test_shards_by_a_launcher_are_merged_to_the_same_bytes_as_one_process(
    ercbench, run_command, tmp_path
):
    words = ("prepare", "corpus=csv", f"root={write_corpus(tmp_path)}", "audio=mel", "chunk=1")
    code, _, errors = ercbench(*words, "stores=whole")
    assert code == 0, errors
    parts = run_command(*words, "launcher=joblib", "shards=2")
    assert parts.returncode == 0, parts.stderr
    assert "talk-2of2 finished" in parts.stderr
    (one,), (two,) = (list(tmp_path.glob(f"{own}/talk/audio.*")) for own in ("whole", "stores"))
    assert one.read_bytes() == two.read_bytes()


def test_what_no_encoder_can_read_is_refused_before_any_job_starts(ercbench, tmp_path):
    words = ("prepare", "corpus=csv", f"root={write_corpus(tmp_path)}")
    assert ercbench(*words)[0] == 0
    jobs = ("launcher=joblib", "shards=2")
    for own in (words, ("prepare", "store=talk")):
        code, _, errors = ercbench(*own, "visual=frames", *jobs)
        assert code == 2
        assert "no utterance of corpus 'talk' has video" in errors
    assert ercbench("prepare", "store=talk", "audio=mel", "chunk=2")[0] == 0
    code, _, errors = ercbench("prepare", "store=talk", "audio=mel", "chunk=3", *jobs)
    assert code == 2
    assert "'audio:mel' was made with other settings" in errors
    assert not (tmp_path / "stores" / ".jobs").exists()


def test_shards_without_a_launcher_are_refused(ercbench):
    assert (
        "shards=2: expected to be set together with launcher" in ercbench("prepare", "shards=2")[2]
    )


@pytest.fixture(scope="module")
def port():
    """The port of a PostgreSQL server; the test is skipped, or fails, without one."""
    if programs() is None:
        if os.environ.get("ERCBENCH_REQUIRE_POSTGRESQL") == "1":
            pytest.fail("needs Debian's package postgresql")
        pytest.skip("needs Debian's package postgresql")
    with server() as port:
        yield port


SPACE = ("tuning.space.model.hidden=[8,16]", "tuning.space.model.layers=[1,2]")
LONG = ("trainer.max_epochs=60", "selection.patience=60", "pruner=none", "trials=5")
CHOICES = {"model": "mlp", "dataset": "simulated", "tuning": "mlp"}


@pytest.mark.postgresql
@pytest.mark.filterwarnings("ignore")
def test_of_four_workers_on_a_database_one_is_killed_and_no_trial_is_lost_or_counted_twice(
    tmp_path, port, monkeypatch
):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    words = (*SMALL_RUN, *SPACE, *LONG, f"storage=postgresql://ann@127.0.0.1:{port}/postgres")
    told = []
    launched = ("tune", *words, "jobs=4", "launcher=joblib", "launcher.jobs=4")
    ran = threading.Thread(target=lambda: told.append(run_in(tmp_path, *launched)))
    ran.start()
    wait_for(lambda: list(tmp_path.glob("studies/*/jobs/*/began.json")), "a worker")
    study = SharedStudy(
        search_of(compose_in(tmp_path, *words, "runs=runs", command="tune"), CHOICES)
    )

    def amid():
        running = [own for own in study.trials if own.state == TrialState.RUNNING]
        return [own for own in running if own.intermediate_values and "worker" in own.user_attrs]

    killed = wait_for(amid, "a trial under way")[0]
    os.kill(int(killed.user_attrs["worker"].split("-")[-2]), signal.SIGKILL)
    ran.join()
    assert told[0].returncode == 0, told[0].stderr
    assert "signal 9" in told[0].stderr
    trials = study.trials
    assert len({number_of(own) for own in trials}) == len(trials) == 5
    assert {own.state for own in trials} == {TrialState.COMPLETE}
    again = next(own for own in trials if number_of(own) == number_of(killed))
    assert again.params == killed.params
    assert PASSWORD not in "".join(own.read_text() for own in tmp_path.glob("studies/*/jobs/*/*"))


def test_a_password_in_the_url_reaches_no_job(ercbench, tmp_path):
    storage = "storage=postgresql://ann:secret@127.0.0.1:1/x"
    code, _, errors = ercbench("tune", "jobs=2", "launcher=joblib", storage)
    assert code == 2
    assert "~/.pgpass or PGPASSWORD" in errors
    assert "secret" not in errors
    assert not list(tmp_path.rglob("asked.json"))
