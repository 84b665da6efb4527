"""A run is carried out once: what has finished is read, what was interrupted goes on."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ercbench.console import say
from ercbench.errors import ErcbenchError
from ercbench.files import remove_leftovers, replacing
from ercbench.processes import is_first
from ercbench.records.result_file import AnyRecord
from ercbench.records.run_folder import RunFolder
from ercbench.training.sharing import agreed, wait_for_all


def once(
    config: DictConfig, run: RunFolder, kind: type[AnyRecord], work: Callable[[], AnyRecord]
) -> AnyRecord:
    """Returns the record of a run that has finished, or that of `work`, which finishes it."""
    check_same_run(run)
    if agreed(run.finished) and not config.force:  # needs no lock: a read-only disk will do
        return already_finished(run, kind)
    with run.locked() if is_first() else nullcontext():
        if agreed(run.finished) and not config.force:
            return already_finished(run, kind)
        if is_first():
            prepare_folder(config, run)
        wait_for_all()
        return work()


def check_same_run(run: RunFolder) -> None:
    """Checks that all processes of a run are about the same.

    Raises:
        ErcbenchError: Code, data or settings are others here.
    """
    name = agreed(run.path.name)
    if name != run.path.name:
        raise ErcbenchError(
            f"{run.path}: the first process is about {name}. Let every machine have the same "
            "ercbench, settings and stores."
        )


def prepare_folder(config: DictConfig, run: RunFolder) -> None:
    """Writes the settings of a run that begins or goes on, and removes what is outdated."""
    for folder in (run.path, run.checkpoints):
        remove_leftovers(folder)
    write_config(config, run.config)
    if config.force:
        for outdated in (run.result, run.last):
            outdated.unlink(missing_ok=True)


def already_finished(run: RunFolder, kind: type[AnyRecord]) -> AnyRecord:
    """Returns the record of a run that has finished, and says that it is not run again."""
    record = run.read(kind)
    date = record.execution.finished[:10]
    say(f"{record.run}: finished on {date}, not run again; force=true runs it again")
    return record


def write_config(config: DictConfig, path: Path) -> None:
    """Writes the resolved settings of a run."""
    with replacing(path) as temporary:
        OmegaConf.save(config, temporary, resolve=True)
