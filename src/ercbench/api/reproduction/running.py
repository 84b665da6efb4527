"""The runs of a paper's rows, a seed each: what has finished, and what is trained now."""

from dataclasses import replace

from omegaconf import DictConfig

from ercbench.api.reproduction.plan import Plan
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.evaluation.published.verdict import Attempt
from ercbench.files import expanded
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.train import code_of, train


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


def run_plan(plan: Plan, config: DictConfig) -> Attempt:
    """Trains a run per seed; what has finished is not trained again.

    A seed that cannot be run, because another process is at it for instance, is named in the
    row, and the others go on.
    """
    if not plan.possible:
        return plan.attempt
    runs, failures = [], []
    for seed in config.seeds:
        try:
            record = train(compose("train", [*plan.settings, f"seed={seed}"]))
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
