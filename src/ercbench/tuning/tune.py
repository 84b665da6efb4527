"""A study from its settings to its record."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ercbench.config.training import TrainSettings
from ercbench.console import say
from ercbench.errors import ErcbenchError
from ercbench.files import check_name, expanded, safe_name
from ercbench.metrics import METRICS
from ercbench.records.study import FILE_NAME, StudyRecord, read_study
from ercbench.training.train import PlannedRun, choose_metric, data_of, plan
from ercbench.tuning.result import finish
from ercbench.tuning.search import Search
from ercbench.tuning.space import read_space
from ercbench.tuning.storage import reachable
from ercbench.tuning.study import SharedStudy
from ercbench.tuning.worker import work, work_side_by_side

# Folders beside the studies' own.
TAKEN = ("experiment",)


def tune(config: DictConfig, choices: Mapping[str, str]) -> StudyRecord:
    """Tries settings within a budget and chooses the one that scores best on validation.

    The same settings again go on where a study stopped; a finished one is read. No trial reads
    the test part.

    Args:
        config: As `TuneSettings` describes it.
        choices: Group of settings to the name chosen in it.

    Raises:
        ErcbenchError: A setting or an input is wrong, the study of this name is another one, or
            every trial failed.
    """
    search = search_of(config, choices)
    if search.budget < config.trials:
        say(f"tuning/{choices['tuning']}.yaml: nothing to tune, so that one trial will do")
    jobs = min(config.jobs, search.budget)
    with reachable(search.storage):
        study = SharedStudy(search)
        if not study.done:
            check_unfinished(search, config.extend)
            work(search) if jobs == 1 else work_side_by_side(search, jobs)
        elif (search.folder / FILE_NAME).is_file():
            record = read_study(search.folder)
            say(f"{search.folder}: finished with {record.budget} trials, nothing is tried again")
            return record
        return finish(study, choices)


def search_of(config: DictConfig, choices: Mapping[str, str]) -> Search:
    """Returns what a study is asked, all of it checked.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    base = base_of(config)
    source = f"tuning/{choices['tuning']}.yaml"
    space = read_space(config.tuning, base, source)
    planned = plan(base.copy())
    name = config.study or f"{choices['model']}-{safe_name(planned.setup.corpus)}"
    if check_name("study", name) in TAKEN:
        raise ErcbenchError(f"study={name}: this folder is taken. Take another name.")
    return Search(
        study=name,
        folder=expanded(Path(config.studies)) / name,
        storage=config.storage,
        base=base,
        space=space,
        pruner=config.pruner,
        budget=config.trials if space.ranges else 1,
        identity=identity_of(planned, space.ranges, space.first, config.pruner),
    )


def base_of(config: DictConfig) -> DictConfig:
    """Returns the settings of a run that trials change: it leaves the test part unread."""
    names = [field.name for field in fields(TrainSettings)]
    base: Any = OmegaConf.merge(
        OmegaConf.structured(TrainSettings), {name: config[name] for name in names}
    )
    OmegaConf.resolve(base)
    base.protocol.test = False
    choose_metric(base)
    metric = METRICS[base.selection.metric]
    if not metric.higher_is_better:
        raise ErcbenchError(
            f"selection.metric={metric.name}: a study ranks its trials by a metric of which the "
            "highest is best. Set selection.metric=corr."
        )
    return base


def identity_of(
    planned: PlannedRun, ranges: Mapping[str, Any], first: Any, pruner: str
) -> dict[str, Any]:
    """Returns all that a study's name stands for."""
    return {
        "space": {"settings": dict(ranges), "first": list(first)},
        "settings": planned.setup.settings,
        "data": data_of(planned.setup),
        "code": planned.setup.code,
        "pruner": pruner,
    }


def check_unfinished(search: Search, extend: bool) -> None:
    """Refuses to give a finished study more trials, unless told to.

    Raises:
        ErcbenchError: The study has chosen its setting.
    """
    path = search.folder / FILE_NAME
    if path.is_file() and not extend:
        budget = read_study(search.folder).budget
        raise ErcbenchError(
            f"{path}: the study chose its setting from {budget} trials; trials={search.budget} "
            "would choose again. Set extend=true if every model is to have as many, or study=NAME."
        )
