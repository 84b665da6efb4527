"""A study's journal outlives the processes that write it."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from ercbench.tuning.storage import JournalLock, open_storage


def die_while_writing(journal):
    JournalLock(journal).acquire()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_while_it_writes_leaves_no_lock_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("study")
    storage = open_storage(None, folder, print)
    killed = multiprocessing.get_context("fork").Process(
        target=die_while_writing, args=(folder / "journal.log",)
    )
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    storage.create_new_study([], "one")
    assert [study.study_name for study in storage.get_all_studies()] == ["one"]


@pytest.mark.parametrize("half", ['{"op_code":', "{", "x" * 5000])
def test_half_a_line_is_cut_off_before_the_next_is_written(half, tmp_path):
    open_storage(None, tmp_path, print).create_new_study([], "one")
    whole = (tmp_path / "journal.log").read_bytes()
    (tmp_path / "journal.log").write_bytes(whole + half.encode())
    open_storage(None, tmp_path, print).create_new_study([], "two")
    again = open_storage(None, tmp_path, print)
    assert {study.study_name for study in again.get_all_studies()} == {"one", "two"}
    assert (tmp_path / "journal.log").read_bytes().startswith(whole)
