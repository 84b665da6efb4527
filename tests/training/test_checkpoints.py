"""A run that was killed, or whose disk was full, goes on; nothing torn is left behind."""

import errno
from pathlib import Path

import pytest
import torch
from helpers import SMALL_RUN, compose_in

from ercbench.config.explain import explain
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file
from ercbench.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")


class Killed(BaseException):
    """What no code catches."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The result of a run that nothing interrupted."""
    return train(settings(tmp_path_factory.mktemp("whole")))


def assert_same(record, other):
    """The same epochs with the same scores, and the same scores on test."""
    assert record.results.stages == other.results.stages
    assert record.results.outputs == other.results.outputs


def settings(folder, *overrides):
    """A run that takes three epochs."""
    return compose_in(folder, *SMALL_RUN, "trainer.max_epochs=3", *overrides)


def interrupted_at(replacement, monkeypatch, folder):
    """Runs until the given rename; returns whether it came so far."""
    plain, renames = Path.replace, []

    def renamed(path, target):
        renames.append(target)
        if len(renames) == replacement:
            raise Killed
        return plain(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", renamed)
        try:
            train(settings(folder))
        except Killed:
            return True
    return False


def checkpoints(folder):
    return next(folder.glob("runs/[!.]*/checkpoints"))


def test_a_run_killed_at_any_rename_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    replacement = 1
    while interrupted_at(replacement, monkeypatch, folder := tmp_path / str(replacement)):
        for path in folder.rglob("*.ckpt"):
            torch.load(path, weights_only=True)
        resumed = train(settings(folder))
        assert_same(resumed, whole)
        replacement += 1
    assert replacement > 3 * len(("metrics.csv", "last.ckpt"))


def kill_in_epoch(epoch, folder, monkeypatch, *overrides):
    from ercbench.training.callbacks import StepSeeds

    def dies(self, trainer, *_):
        if trainer.current_epoch == epoch:
            raise Killed
        plain(self, trainer, *_)

    plain = StepSeeds.on_train_batch_start
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(StepSeeds, "on_train_batch_start", dies)
        train(settings(folder, *overrides))


@pytest.mark.parametrize(
    ("torn", "consequence"),
    [
        (["last.ckpt"], "cannot read last.ckpt; training goes on from best.ckpt"),
        (["best.ckpt"], "cannot read best.ckpt; training begins anew"),
        (["last.ckpt", "best.ckpt"], "cannot read last.ckpt, best.ckpt; training begins anew"),
    ],
)
def test_a_damaged_checkpoint_is_said_and_is_no_dead_end(
    whole, tmp_path, monkeypatch, torn, consequence
):
    kill_in_epoch(2, tmp_path, monkeypatch)
    for name in torn:
        path = checkpoints(tmp_path) / name
        path.write_bytes(path.read_bytes()[:-500])
    with pytest.warns(UserWarning, match=consequence):
        resumed = train(settings(tmp_path))
    assert_same(resumed, whole)


def test_a_full_disk_names_the_checkpoint_and_loses_nothing(whole, tmp_path, monkeypatch):
    plain, saved = torch.save, []

    def save(checkpoint, stream):
        saved.append(checkpoint["epoch"])
        if saved[-1] == 1:
            stream.write(b"as much as fits")
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(checkpoint, stream)

    with monkeypatch.context() as patched, pytest.raises(ErcbenchError) as caught:
        patched.setattr(torch, "save", save)
        train(settings(tmp_path))
    assert f"{checkpoints(tmp_path)}/" in explain(caught.value)
    assert "No space left on device" in explain(caught.value)
    assert not list(tmp_path.rglob("*.tmp"))
    assert torch.load(checkpoints(tmp_path) / "last.ckpt", weights_only=True)["epoch"] == 0
    resumed = train(settings(tmp_path))
    assert_same(resumed, whole)


def test_what_killed_writes_left_is_removed_when_the_run_goes_on(tmp_path, monkeypatch):
    kill_in_epoch(1, tmp_path, monkeypatch)
    for folder in (checkpoints(tmp_path), checkpoints(tmp_path).parent):
        (folder / ".last.ckpt.4194305.tmp").write_bytes(b"half a checkpoint")
    train(settings(tmp_path))
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_run_that_is_forced_and_killed_goes_on_and_keeps_its_record_true(
    whole, tmp_path, monkeypatch
):
    train(settings(tmp_path))
    kill_in_epoch(1, tmp_path, monkeypatch, "force=true")
    resumed = train(settings(tmp_path))
    assert_same(resumed, whole)
    best = checkpoints(tmp_path) / "best.ckpt"
    assert sha256_of_file(best) == resumed.results.checkpoint_sha256


def test_a_damaged_curve_is_written_again_where_no_epoch_is_left(tmp_path):
    train(settings(tmp_path))
    curves, result = (next(tmp_path.glob(f"runs/*/{n}")) for n in ("metrics.csv", "result.json"))
    whole = curves.read_text()
    curves.write_text("damaged")
    result.unlink()
    train(settings(tmp_path))
    assert curves.read_text() == whole
