"""A real Ray of this machine: a task whose process dies begins again."""

import os
import signal
import threading
import time

import pytest
from helpers import SMALL_RUN, compose_in, run_in

from ercbench.config.launching import RaySettings
from ercbench.errors import ErcbenchError
from ercbench.launching.engines.ray_engine import RayEngine
from ercbench.launching.job import Asked, Job, State
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import train

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]
SETTINGS = {"address": None, "gpus": 0, "cpus": 1, "retries": 2}
LONG = (*SMALL_RUN, "trainer.max_epochs=40", "selection.patience=40")


@pytest.fixture(scope="module", autouse=True)
def _ray():
    """Ray; the tests are skipped, or fail, without it."""
    try:
        import ray  # noqa: F401
    except ImportError:
        if os.environ.get("ERCBENCH_REQUIRE_RAY") == "1":
            pytest.fail("needs the extra [ray]")
        pytest.skip("needs the extra [ray]")


def job_of(tmp_path, name, *arguments):
    job = Job(tmp_path / "runs" / name / "job")
    job.ask(Asked(arguments, str(tmp_path)))
    return job


def amid(runs):
    for path in runs.glob("*/metrics.csv"):
        began = Job(path.parent / "job").began
        if began and not (path.parent / "result.json").exists():
            return path.parent, began["process"]
    return None


def test_a_run_whose_process_is_killed_begins_again_and_comes_to_the_same_numbers(tmp_path):
    told = []
    arguments = ("train", "-m", *LONG, "seed=0,1", "launcher=ray")
    ran = threading.Thread(target=lambda: told.append(run_in(tmp_path, *arguments)))
    ran.start()
    while not (found := amid(tmp_path / "runs")):
        assert ran.is_alive()
        time.sleep(0.05)
    run, process = found
    os.kill(process, signal.SIGKILL)
    ran.join()
    assert told[0].returncode == 0, told[0].stderr
    assert Job(run / "job").began["process"] != process
    for seed in (0, 1):
        record = train(compose_in(tmp_path / "serial", *LONG, f"seed={seed}"))
        found = RunFolder(tmp_path / "runs" / record.run).read(RunRecord)
        assert found.results.outputs == record.results.outputs


def test_what_fails_is_told_while_others_end_well_and_what_no_machine_has_is_refused(tmp_path):
    jobs = [job_of(tmp_path, "good", "--version"), job_of(tmp_path, "bad", "trian")]
    with pytest.raises(ErcbenchError, match=r"launcher\.gpus=1: .*at most 0"):
        RayEngine(RaySettings(**SETTINGS | {"gpus": 1})).run(jobs, print)
    ended = []
    assert RayEngine(RaySettings(**SETTINGS)).run(jobs, ended.append)
    assert {job.name: job.state for job in ended} == {"good": State.FINISHED, "bad": State.FAILED}
    assert "Did you mean 'train'?" in jobs[1].why


def test_a_cluster_that_is_not_there_is_one_line(tmp_path):
    settings = RaySettings(**SETTINGS | {"address": "127.0.0.1:1"})
    with pytest.raises(ErcbenchError, match=r"launcher\.address=127\.0\.0\.1:1: no Ray cluster"):
        RayEngine(settings).run([job_of(tmp_path, "one", "--version")], print)
