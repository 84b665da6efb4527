"""A job's folder tells how it went, whatever happened to its process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_for

from ercbench.errors import ErcbenchError
from ercbench.launching.job import JOB, Asked, Job, State
from ercbench.launching.standing import standing, standings, standings_table
from ercbench.launching.working import carry_out
from ercbench.records.run_folder import RunFolder


@pytest.fixture
def asked(tmp_path):
    """Makes a job of a command line."""

    def make(*arguments, result=""):
        job = Job(tmp_path / "runs" / "a-run" / JOB)
        job.ask(Asked(arguments, str(tmp_path), result))
        return job

    return make


def test_a_job_that_ends_well_has_finished_and_its_output_is_kept(asked):
    job = asked("--version")
    assert job.state is State.LEFT
    carry_out(job)
    assert job.state is State.FINISHED
    assert job.last_line[0].isdigit()


def test_a_job_that_fails_says_why_in_the_last_line_of_its_log(asked):
    job = asked("trian")
    carry_out(job)
    assert job.state is State.FAILED
    assert "Did you mean 'train'?" in job.why
    assert standing(job.path.parent).said == job.why


def test_a_job_without_the_result_that_was_asked_has_failed_whatever_its_exit_code(asked, tmp_path):
    job = asked("--version", result=str(tmp_path / "nowhere"))
    carry_out(job)
    assert job.state is State.FAILED


def test_a_job_runs_in_the_folder_and_the_environment_that_are_given(asked, tmp_path):
    seen = []
    job = asked("--version")
    carry_out(job, {"CUDA_VISIBLE_DEVICES": "3"}, lambda process: seen.append(process.args))
    assert seen[0][-1] == "--version"
    assert job.asked.place == str(tmp_path)


SLEEPER = """
import sys
from pathlib import Path
from unittest import mock
from ercbench.launching import job, working
with mock.patch.object(sys, "executable", "/bin/sleep"), \
     mock.patch.object(working, "COMMAND", ("60",)):
    working.carry_out(job.Job(Path(sys.argv[1])))
"""


@pytest.fixture
def sleeping(asked):
    """A job that is under way, and the process that carries it out."""
    job = asked()
    process = subprocess.Popen([sys.executable, "-c", SLEEPER, str(job.path)])
    wait_for(lambda: job.began, "the beginning")
    yield job, process
    process.kill()
    process.wait()


def child_of(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_for(lambda: path.read_text().strip(), "the child")
    return int(path.read_text().split()[0])


def test_what_runs_is_running_and_is_begun_by_nobody_else(sleeping):
    job, process = sleeping
    assert job.state is State.RUNNING
    assert job.is_alive
    before = job.began
    carry_out(job)
    assert job.began == before


def test_a_process_that_is_killed_leaves_a_failed_job_and_no_child_behind(sleeping):
    job, process = sleeping
    child = child_of(process)
    process.kill()
    process.wait()
    assert job.state is State.FAILED
    assert "is gone" in job.why
    wait_for(lambda: is_gone(Path(f"/proc/{child}/stat")), "the end of the child")


def is_gone(stat):
    return not stat.exists() or stat.read_text().split(")")[1].split()[0] == "Z"


def test_a_child_that_is_killed_is_told_with_its_signal(sleeping):
    job, process = sleeping
    os.kill(child_of(process), signal.SIGKILL)
    process.wait()
    assert job.state is State.FAILED
    assert "signal 9 (killed, as where memory runs out)" in job.why


def test_what_an_engine_says_of_a_job_that_never_began_is_told(asked, tmp_path):
    job = asked("--version")
    log = tmp_path / "engine.err"
    log.write_text("No module named ercbench\n")
    job.queue(launcher="slurm", id="1_0", log=str(log))
    assert job.state is State.WAITING
    job.queue(launcher="slurm", id="1_0", log=str(log), state="NODE_FAIL")
    assert job.state is State.FAILED
    assert job.why == "slurm: NODE_FAIL. No module named ercbench"


def test_runs_that_no_launcher_started_stand_too(tmp_path):
    for name in ("stopped", "works", "done"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text("")
    (tmp_path / "done" / "result.json").write_text("")
    (tmp_path / "no-run").mkdir()
    with RunFolder(tmp_path / "works").locked():
        found = standings(tmp_path)
    assert {own.name: own.state for own in found} == {
        "done": State.FINISHED,
        "stopped": State.FAILED,
        "works": State.RUNNING,
    }
    assert standings_table(found).title.plain == "1 finished, 1 running, 1 failed"


def test_a_folder_without_runs_is_refused(tmp_path, ercbench):
    with pytest.raises(ErcbenchError, match="holds no run"):
        standings(tmp_path)
    code, _, errors = ercbench("jobs", "nowhere")
    assert code == 2
    assert "No folder 'nowhere'" in errors
    (tmp_path / "runs.csv").touch()
    code, _, errors = ercbench("jobs", "runs.csv")
    assert code == 2
    assert "'runs.csv': found a file, no folder. Give the folder of the runs" in errors


def test_a_damaged_file_of_a_job_is_named(asked):
    job = asked("--version")
    (job.path / "asked.json").write_text("{")
    with pytest.raises(ErcbenchError, match=r"asked\.json: damaged"):
        print(job.state)
