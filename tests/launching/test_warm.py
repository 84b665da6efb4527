"""Jobs whose processes are forked: each on its own, told as a new process would be."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SMALL_RUN
from waiting import wait_for

from ercbench.launching.job import Asked, Job, State
from ercbench.launching.warm import ONE_THREAD, Forked, warm_starts
from ercbench.launching.working import carry_out

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are Linux's")
LONG = ("train", *SMALL_RUN, "trainer.max_epochs=100000", "selection.patience=100000")


@pytest.fixture(scope="module")
def begin():
    """What begins processes, by forks of one process for all tests."""
    with warm_starts(1) as begin:
        yield begin


@pytest.fixture
def asked(tmp_path):
    """Makes a job of a command line."""

    def make(*arguments):
        job = Job(tmp_path / "runs" / f"run-{arguments[0]}" / "job")
        job.ask(Asked(arguments, str(tmp_path)))
        return job

    return make


def has_gone(pid):
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().split(")")[1].split()[0] == "Z"


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[1])


def test_it_prints_to_the_log_and_has_the_environment_and_folder_that_are_given(
    begin, asked, tmp_path
):
    process = []
    shown = "group=${oc.env:CUDA_VISIBLE_DEVICES}-${oc.env:OMP_NUM_THREADS}"
    job = asked("train", "--cfg", "job", "--resolve", shown, "runs=${oc.env:PWD,here}")
    carry_out(job, {"CUDA_VISIBLE_DEVICES": "3", "PWD": "given"}, process.append, begin)
    assert isinstance(process[0], Forked)
    assert job.state is State.FINISHED
    told = job.log.read_text()
    assert f"group: 3-{os.environ['OMP_NUM_THREADS']}" in told
    assert "runs: given" in told


def test_one_that_fails_or_is_killed_costs_no_other(begin, asked):
    wrong, killed, good = asked("trian"), asked(*LONG), asked("--version")
    carry_out(wrong, begin=begin)
    assert "Did you mean 'train'?" in wrong.why
    carry_out(killed, begin=begin, started=lambda process: os.kill(process.pid, signal.SIGKILL))
    assert "signal 9 (killed, as where memory runs out)" in killed.why
    carry_out(good, begin=begin)
    assert good.state is State.FINISHED


def test_it_ends_when_it_is_told_to(begin, asked):
    process = begin(asked(*LONG), {})
    process.terminate()
    assert process.wait() == -signal.SIGTERM
    wait_for(lambda: has_gone(process.pid), "the end of the run")
    process.terminate()  # which nobody hears


def test_without_the_process_that_is_forked_its_run_ends_and_others_begin_anew(asked):
    with warm_starts(1) as begin:
        under_way = begin(asked(*LONG), {})
        os.kill(parent_of(under_way.pid), signal.SIGKILL)
        assert under_way.wait() == -signal.SIGTERM
        wait_for(lambda: has_gone(under_way.pid), "the end of the run")
        anew = begin(asked("--version"), {})
        assert not isinstance(anew, Forked)
        assert anew.wait() == 0


MAIN = """
import sys
from pathlib import Path
from ercbench.launching import job, warm, working
with warm.warm_starts(1) as begin:
    told = lambda own: print(own.pid, flush=True)
    working.carry_out(job.Job(Path(sys.argv[1])), started=told, begin=begin)
"""


def test_a_command_that_is_killed_leaves_no_run_behind(asked):
    job = asked(*LONG)
    main = subprocess.Popen([sys.executable, "-c", MAIN, str(job.path)], stdout=subprocess.PIPE)
    pid = int(main.stdout.readline())
    server = parent_of(pid)
    main.kill()
    main.communicate()
    for left in (pid, server):
        wait_for(lambda left=left: has_gone(left), "the end of what it began")
    assert job.state is State.FAILED


IMPORTS = """
import os, torch
def asked(*_, **__): raise AssertionError("a GPU was asked for")
for name in ("is_available", "device_count", "init", "_lazy_init"):
    setattr(torch.cuda, name, asked)
from ercbench.launching.warm import _can_fork, _import_all
_import_all()
assert _can_fork()
print(len(os.listdir("/proc/self/task")))
"""


def test_what_is_forked_has_one_thread_and_asks_for_no_gpu():
    told = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        env=os.environ | ONE_THREAD | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.stdout, told.returncode) == ("1\n", 0), told.stderr
