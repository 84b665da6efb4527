"""A real queue: jobs that fail, are cancelled, give way, or find their node drained."""

import os
import platform
import subprocess
import sys
import threading

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
from ercbench.launching.standing import standings
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


def scores(folder):
    found = {path.name: RunFolder(path).read(RunRecord) for path in folder.glob("simulated-*")}
    return {name: record.results.outputs for name, record in found.items()}


def amid(runs):
    """The folder of a run amid its training, and that of another one under way; or None."""
    under_way = [path.parent for path in runs.glob("*/job/began.json")]
    under_way = [path.parent for path in under_way if not (path.parent / "result.json").exists()]
    trains = [path for path in under_way if (path / "metrics.csv").exists()]
    return [trains[0], *(set(under_way) - {trains[0]})] if trains and len(under_way) > 1 else None


def requeue(job):
    """Sends the signal that a job gets when its time runs out, or it gives way to others."""
    subprocess.run(["scancel", "--signal=USR2", job.queued["id"]], check=True)


COUNT = 12
RUNS = ("train", "-m", *SMALL_RUN, "trainer.max_epochs=100", "selection.patience=100")
LAUNCHER = ("launcher=slurm", "launcher.cpus=1", "launcher.minutes=10")


def test_of_twelve_runs_one_is_cancelled_one_gives_way_and_the_node_is_drained(tmp_path):
    """In the end all have come to the same numbers as one after the other."""
    seeds = "seed=" + ",".join(map(str, range(COUNT)))
    told = []
    ran = threading.Thread(target=lambda: told.append(run_in(tmp_path, *RUNS, seeds, *LAUNCHER)))
    ran.start()
    runs = tmp_path / "runs"
    first = wait_for(lambda: amid(runs), "two runs under way")
    begun, gives_way = first[:2]
    node("drain", reason="tests")
    cancel([Job(begun / "job")])
    requeue(Job(gives_way / "job"))
    for path in (begun, gives_way):
        wait_for(lambda path=path: Job(path / "job").state is not State.RUNNING, path.name)
    node("resume")
    ran.join()
    assert told[0].returncode == 2
    assert f"{COUNT - 1} finished, 1 failed, 0 not run" in told[0].stderr.splitlines()[-1]
    stood = {own.name: own for own in standings(runs)}
    assert stood[begun.name].state is State.FAILED
    assert "CANCELLED" in stood[begun.name].said
    again = run_in(tmp_path, *RUNS, seeds, *LAUNCHER)
    assert again.returncode == 0, again.stderr
    assert f"{COUNT - 1} of {COUNT} runs had finished" in again.stderr
    for seed in range(COUNT):
        overrides = [own for own in RUNS[2:] if "=" in own]
        train(compose_in(tmp_path / "serial", *overrides, f"seed={seed}"))
    assert scores(runs) == scores(tmp_path / "serial" / "runs")


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
