"""The runs of a paper's rows, a seed each: what has finished, and what is trained now."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from omegaconf import DictConfig

from ercbench.api.reproduction.plan import Plan
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.evaluation.published.verdict import Attempt
from ercbench.files import expanded
from ercbench.launching.standing import standing
from ercbench.launching.sweep import PlannedJob, planned_job, start
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import code_of, train

Trained = Callable[[Sequence[str]], RunRecord]
"""Settings as on the command line to the record of their run; raises why there is none."""


def finished(plan: Plan, config: DictConfig) -> list[float]:
    """Returns the seconds of the runs of a plan that have finished with this code."""
    folder, found = expanded(config.runs), []
    wanted = compose("train", list(plan.settings))
    code, split = code_of(wanted), wanted.dataset.split
    for run in [RunFolder(path) for path in folder.glob("*/")]:
        try:
            record = run.read(RunRecord)
        except ErcbenchError:  # unfinished, damaged, or of another version: it is run again
            continue
        setup = record.setup
        same = (setup.group, setup.code, setup.split) == (plan.experiment, code, split)
        features = plan.features or setup.feature_keys
        if same and setup.seed in config.seeds and setup.feature_keys == features:
            found.append(record.execution.seconds)
    return found


def run_plans(plans: Sequence[Plan], config: DictConfig) -> list[Attempt]:
    """Trains a run per seed of each plan that is possible; what has finished is not trained again.

    A seed that cannot be run, because another process is at it for instance, is named in the
    row, and the others go on.
    """
    trained = train_here if config.launcher is None else train_elsewhere(plans, config)
    return [attempted(plan, config.seeds, trained) for plan in plans]


def attempted(plan: Plan, seeds: Sequence[int], trained: Trained) -> Attempt:
    """Returns a row with its runs, and why there are not more."""
    if not plan.possible:
        return plan.attempt
    runs, failures = [], []
    for seed in seeds:
        try:
            record = trained(plan.words(seed))
        except ErcbenchError as error:
            failures.append(f"seed {seed}: {error}")
            print(f"{plan.experiment}, {failures[-1]}", flush=True)
            continue
        if record.results.test is None:
            failures.append(f"seed {seed}: no labels, no scores")
            continue
        runs.append(record.run)
        score = record.results.test["weighted_f1"]
        print(f"{plan.experiment}, seed {seed}: weighted F1 {100 * score:.1f}", flush=True)
    return replace(plan.attempt, runs=tuple(runs), reason="; ".join(failures))


def train_here(words: Sequence[str]) -> RunRecord:
    """Trains a run in this process."""
    return train(compose("train", words))


def train_elsewhere(plans: Sequence[Plan], config: DictConfig) -> Trained:
    """Lets the launcher's engine carry out the runs of all plans.

    Returns:
        What returns the record of a run, or raises why there is none.

    Raises:
        ErcbenchError: The engine refuses.
    """
    jobs: dict[tuple[str, ...], PlannedJob] = {}
    wrong: dict[tuple[str, ...], ErcbenchError] = {}
    for plan, seed in product([plan for plan in plans if plan.possible], config.seeds):
        words = plan.words(seed)
        try:
            jobs[words] = planned_job("train", words, [], compose("train", words))
        except ErcbenchError as error:
            wrong[words] = error
    start(list(jobs.values()), config.launcher)

    def trained(words: Sequence[str]) -> RunRecord:
        if error := wrong.get(tuple(words)):
            raise error
        run = jobs[tuple(words)].work.run
        if run.finished:
            return run.read(RunRecord)
        found = standing(run.path)
        raise ErcbenchError(": ".join(filter(None, (found.state, found.said))))

    return trained
