"""A real queue: jobs that fail, are cancelled, give way, or find their node drained."""

import os
import platform
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import SMALL_RUN, compose_in, run_in
from slurm import cluster, missing
from waiting import wait_for

from ercbench.config.launching import SlurmSettings
from ercbench.errors import ErcbenchError
from ercbench.launching.engines import slurm as engine_file
from ercbench.launching.engines.queue import refresh_slurm
from ercbench.launching.engines.slurm import SlurmEngine, cancel
from ercbench.launching.job import Asked, Job, State
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import train

pytestmark = [pytest.mark.slurm, pytest.mark.filterwarnings("ignore")]
SETTINGS = {
    "partition": None,
    "gpus": 0,
    "cpus": 1,
    "memory": None,
    "minutes": 10,
    "timeouts": 3,
    "at_once": 2,
    "name": "tests",
    "setup": [],
    "more": {},
    "wait": True,
    "interrupted": "leave",
}


@pytest.fixture(scope="module", autouse=True)
def queue():
    """A queue of one node; the tests are skipped, or fail, without Slurm."""
    if missing():
        message = f"needs Debian's packages slurm-wlm and munge; missing: {missing()}"
        if os.environ.get("ERCBENCH_REQUIRE_SLURM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with cluster() as config, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(config))
        patch.setattr(engine_file, "WAIT", 0.5)
        yield


def engine(**changes):
    return SlurmEngine(SlurmSettings(**SETTINGS | changes))


def job_of(tmp_path, name, *arguments):
    job = Job(tmp_path / "runs" / name / "job")
    job.ask(Asked(arguments, str(tmp_path)))
    return job


def node(state, **more):
    reason = [f"{name}={value}" for name, value in more.items()]
    command = ["scontrol", "update", f"nodename={platform.node()}", f"state={state}", *reason]
    subprocess.run(command, check=True)


def requeue(job):
    """Sends the signal that a job gets when its time runs out, or it gives way to others."""
    os.kill(job.began["process"], signal.SIGUSR2)


# Lets a command wait, at its first start, before it does anything.
WAITS = """
import sys, time
from pathlib import Path
mark = Path(sys.orig_argv[-1])
if mark.suffix == ".mark" and not mark.exists():
    mark.touch()
    time.sleep(600)
"""


@pytest.fixture
def waiting_jobs(tmp_path, monkeypatch):
    """Makes jobs of which the first few wait at their first start."""
    (tmp_path / "sitecustomize.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    marks = [tmp_path / f"{number}.mark" for number in range(12)]
    for mark in marks[2:]:
        mark.touch()
    return [job_of(tmp_path, mark.stem, "--version", str(mark)) for mark in marks]


def test_of_twelve_jobs_one_is_cancelled_one_gives_way_and_the_node_is_drained(waiting_jobs):
    ended = []
    ran = threading.Thread(target=lambda: engine().run(waiting_jobs, ended.append))
    ran.start()
    cancelled, gives_way = waiting_jobs[:2]
    for job in (cancelled, gives_way):
        wait_for(lambda job=job: job.began and Path(job.asked.arguments[-1]).exists(), job.name)
    node("drain", reason="tests")
    cancel([cancelled])
    requeue(gives_way)
    for job in (cancelled, gives_way):
        wait_for(lambda job=job: job.state is not State.RUNNING, job.name)
    node("resume")
    ran.join()
    assert len(ended) == len(set(ended)) == 12
    assert cancelled.state is State.FAILED
    assert "CANCELLED" in cancelled.why
    assert {job.state for job in waiting_jobs[1:]} == {State.FINISHED}
    cancelled.ask(cancelled.asked)
    engine().run([cancelled], ended.append)
    assert cancelled.state is State.FINISHED


RUNS = ("train", "-m", *SMALL_RUN, "trainer.max_epochs=100", "selection.patience=100")
LAUNCHER = ("launcher=slurm", "launcher.cpus=1", "launcher.minutes=10")


def test_a_run_that_gives_way_amid_its_training_comes_to_the_same_numbers(tmp_path):
    told = []
    arguments = (*RUNS, "seed=0,1", *LAUNCHER)
    ran = threading.Thread(target=lambda: told.append(run_in(tmp_path, *arguments)))
    ran.start()
    amid = wait_for(lambda: list(tmp_path.glob("runs/*/metrics.csv")), "the first epoch")[0].parent
    requeue(Job(amid / "job"))
    ran.join()
    assert told[0].returncode == 0, told[0].stderr
    for seed in (0, 1):
        overrides = [own for own in RUNS[2:] if "=" in own]
        record = train(compose_in(tmp_path / "serial", *overrides, f"seed={seed}"))
        found = RunFolder(tmp_path / "runs" / record.run).read(RunRecord)
        assert found.results.outputs == record.results.outputs


def test_what_fails_is_told_while_others_end_well(tmp_path):
    jobs = [job_of(tmp_path, "good", "--version"), job_of(tmp_path, "bad", "trian")]
    ended = []
    assert engine().run(jobs, ended.append)
    assert {job.name: job.state for job in ended} == {
        "good": State.FINISHED,
        "bad": State.FAILED,
    }
    assert "Did you mean 'train'?" in jobs[1].why


def test_jobs_are_left_in_line_found_there_again_and_cancelled_as_asked(tmp_path):
    node("drain", reason="tests")
    try:
        jobs = [job_of(tmp_path, name, "--version") for name in ("one", "two")]
        assert not engine(wait=False).run(jobs, print)
        before = [job.queued["id"] for job in jobs]
        assert {job.state for job in jobs} == {State.WAITING}
        assert not engine(wait=False).run(jobs, print)
        assert [job.queued["id"] for job in jobs] == before, "they are not submitted twice"
        engine(interrupted="cancel")._interrupted(jobs)
        refresh_slurm(jobs)
        assert not any(job.is_alive for job in jobs)
    finally:
        node("resume")


def test_what_slurm_refuses_is_one_line(tmp_path):
    job = job_of(tmp_path, "one", "--version")
    with pytest.raises(
        ErcbenchError, match="launcher=slurm: Slurm takes no job.*partition"
    ) as told:
        engine(partition="nowhere").run([job], print)
    assert "\n" not in str(told.value)
    assert job.state is State.LEFT
    with pytest.raises(ErcbenchError, match="takes no job"):
        engine(more={"account": "x", "reservation": "none"}).run([job], print)


def test_a_machine_without_slurm_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))  # noqa: PTH120
    with pytest.raises(ErcbenchError, match="launcher=slurm: .*sbatch"):
        engine().run([job_of(tmp_path, "one", "--version")], print)
