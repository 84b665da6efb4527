"""What a finished study leaves: its record, its trials as a table, and the chosen setting."""

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from ercbench.files import replacing
from ercbench.metrics import METRICS
from ercbench.records.study import GROUP, StudyRecord, Trial, write_study
from ercbench.training.train import plan
from ercbench.tuning.space import with_params
from ercbench.tuning.study import SharedStudy, number_of

STATES: Mapping[TrialState, Any] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
# Of a run's settings, what the tuned experiment fixes; groups that are chosen by name, and others.
CHOSEN, FIXED = ("model", "dataset"), ("trainer", "selection")


def finish(study: SharedStudy, choices: Mapping[str, str]) -> StudyRecord:
    """Writes the trials, the chosen setting and, last, the record.

    Args:
        study: Whose budget is spent.
        choices: Group of settings to the name chosen in it, for `model` and `dataset`.
    """
    record = record_of(study)
    search = study.search
    write_trials(search.folder / "trials.csv", record)
    write_experiment(experiment_path(search.folder), record, choices)
    write_study(search.folder, record)
    return record


def experiment_path(folder: Path) -> Path:
    """Returns where a study's chosen setting lies, for `experiment=tuned/<study>`."""
    return folder.parent / "experiment" / "tuned" / f"{folder.name}.yaml"


def record_of(study: SharedStudy) -> StudyRecord:
    """Returns the record of a study; of equally good trials the first is chosen."""
    search = study.search
    trials = tuple(trial_of(own) for own in study.trials if own.state in STATES)
    complete = [trial for trial in trials if trial.state == "complete"]
    chosen = max(complete, key=lambda trial: (trial.value or 0.0, -trial.number))
    setup = plan(with_params(search.base, chosen.params)).setup
    return StudyRecord(
        study=search.study,
        model=setup.model,
        corpus=setup.corpus,
        simulated=setup.simulated,
        split=setup.split,
        features=setup.feature_keys,
        metric=search.metric,
        sampler="tpe",
        pruner=search.pruner,
        seed=setup.seed,
        budget=search.budget,
        space=search.space.ranges,
        first=search.space.first,
        settings=setup.settings,
        chosen=chosen.number,
        trials=trials,
        seconds=sum(trial.seconds for trial in trials),
        importances=importances(study.optuna),
    )


def trial_of(trial: FrozenTrial) -> Trial:
    """Returns what is recorded of one of Optuna's trials."""
    curve = tuple(own for _, own in sorted(trial.intermediate_values.items()))
    complete, pruned = (trial.state == own for own in (TrialState.COMPLETE, TrialState.PRUNED))
    reached = max(curve) if pruned and curve else None
    return Trial(
        number=number_of(trial),
        state=STATES[trial.state],
        params=dict(trial.params),
        value=trial.value if complete else reached,
        epochs=trial.user_attrs.get("epochs", len(curve)),
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
        run=trial.user_attrs.get("run") if complete else None,
        curve=curve,
    )


def importances(study: optuna.Study) -> dict[str, float]:
    """Returns each setting's share of the variation in the score, by PED-ANOVA.

    Source: Watanabe et al., https://arxiv.org/abs/2304.10255. Empty where too few trials
    finished to tell, or where all scored the same.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = optuna.importance.get_param_importances(
                study, evaluator=PedAnovaImportanceEvaluator()
            )
        except (ValueError, RuntimeError):
            return {}
    return {name: float(share) for name, share in found.items()}


def write_trials(path: Path, record: StudyRecord) -> None:
    """Writes a row for every trial."""
    settings = list(dict.fromkeys(name for trial in record.trials for name in trial.params))
    names = ["number", "state", record.metric, "epochs", "seconds", "run", *settings]
    with replacing(path) as temporary, temporary.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for trial in record.trials:
            own = (trial.number, trial.state, trial.value, trial.epochs, f"{trial.seconds:.1f}")
            writer.writerow([*own, trial.run, *map(trial.params.get, settings)])


def write_experiment(path: Path, record: StudyRecord, choices: Mapping[str, str]) -> None:
    """Writes the chosen setting, so that `ercbench train experiment=tuned/<study>` takes it."""
    settings, best, metric = record.settings, record.best, METRICS[record.metric]
    content = {
        "defaults": [{f"override /{group}": choices[group]} for group in CHOSEN],
        "group": f"{GROUP}{record.study}",
        "features": settings["features"],
        **{name: settings[name] for name in (*CHOSEN, *FIXED)},
    }
    said = (
        f"# Chosen by the study {record.study}: trial {best.number} of {len(record.trials)}, "
        f"{metric.title} {metric.written(best.value or 0)} on validation."
    )
    with replacing(path) as temporary:
        temporary.write_text(f"# @package _global_\n{said}\n{OmegaConf.to_yaml(content)}")
