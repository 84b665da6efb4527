"""`ercbench tune`: settings are tried, the best on validation is kept, and all shown as tables."""

from collections.abc import Mapping

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ercbench.console import wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.tables.study import study_summary
from ercbench.launching.several import carry_out_all, own_words
from ercbench.records.study import StudyRecord
from ercbench.tuning.storage import database, reachable
from ercbench.tuning.study import SharedStudy
from ercbench.tuning.tune import check_unfinished, search_of, tune


def tune_command(config: DictConfig) -> StudyRecord:
    """Tunes, prints the best trials and the chosen setting, and returns the study's record."""
    choices = HydraConfig.get().runtime.choices
    if config.launcher is not None:
        tune_elsewhere(config, choices)
    record = tune(config, choices)
    wide_console().print(study_summary(record))
    print(next_command(record, config.studies))
    return record


def tune_elsewhere(config: DictConfig, choices: Mapping[str, str]) -> None:
    """Lets a launcher's jobs carry out the trials of a study that has not finished.

    Raises:
        ErcbenchError: A setting or an input is wrong, or the budget is not spent when all ended.
    """
    if config.storage and database(config.storage).password:
        raise ErcbenchError(
            "storage: a password in the URL would stand in the files of the jobs. Leave it out, "
            "and put it into ~/.pgpass or PGPASSWORD."
        )
    search = search_of(config, choices)
    with reachable(search.storage):
        study = SharedStudy(search)
        if study.done:
            return
        check_unfinished(search, config.extend)
        words = ["tune", *own_words("jobs"), "jobs=1"]
        jobs = {f"{search.study}-{number}": words for number in range(1, config.jobs + 1)}
        carry_out_all(jobs, search.folder / "jobs", config.launcher, lambda: study.done)


def next_command(record: StudyRecord, studies: str) -> str:
    """Returns what trains the chosen setting."""
    folder = "" if studies == "studies" else f" --config-dir {studies}"
    return f"ercbench train -m{folder} experiment=tuned/{record.study} seed=0,1,2,3,4"
