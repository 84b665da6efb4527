"""Two machines that share a folder: the other one is a process that calls its machine otherwise."""

import errno
import fcntl
import subprocess
import sys

import pytest
from waiting import wait_for

from ercbench.launching.job import JOB, Asked, Job, State
from ercbench.launching.standing import standing
from ercbench.launching.working import carry_out
from ercbench.records.run_folder import BusyError, RunFolder

OTHER = """
import platform, sys
from pathlib import Path
from unittest import mock
from ercbench.launching import job, working
platform.node = lambda: "other"
with mock.patch.object(sys, "executable", "/bin/sleep"), \
     mock.patch.object(working, "COMMAND", ("60",)):
    working.carry_out(job.Job(Path(sys.argv[1])))
"""


def test_what_runs_elsewhere_is_seen_left_alone_and_taken_over_when_it_dies(tmp_path):
    run = tmp_path / "a-run"
    job = Job(run / JOB)
    job.ask(Asked((), str(tmp_path)))
    other = subprocess.Popen([sys.executable, "-c", OTHER, str(job.path)])
    wait_for(lambda: job.began, "the beginning elsewhere")
    before = standing(run)
    assert (before.state, before.where) == (State.RUNNING, "other")
    carry_out(job)
    assert job.began["host"] == "other", "not begun twice"
    other.kill()
    other.wait()
    wait_for(lambda: standing(run).state is State.FAILED, "the end of the other's lock")
    assert "Its process on other is gone" in standing(run).said
    job.ask(Asked(("--version",), str(tmp_path)))
    carry_out(job)
    assert job.state is State.FINISHED


@pytest.fixture
def _no_flock(monkeypatch):
    """A file system without locks."""

    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.filterwarnings("ignore:flock not supported")
@pytest.mark.usefixtures("_no_flock")
def test_without_locks_of_the_file_system_a_run_is_still_one_process(tmp_path):
    run = RunFolder(tmp_path / "run")
    with (
        run.locked(),
        pytest.raises(BusyError, match="process .* on .*delete .*lock"),
        run.locked(),
    ):
        pytest.fail("two processes are at it")
    with run.locked():
        pass


@pytest.mark.filterwarnings("ignore:flock not supported")
@pytest.mark.usefixtures("_no_flock")
def test_a_lock_that_another_machine_left_is_named_with_what_to_do(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / ".lock").write_text("123\nother\n")
    with pytest.raises(BusyError, match=r"process 123 on other; if that is gone, delete .*/\.lock"):
        run.locked().__enter__()
