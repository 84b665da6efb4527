"""One trial: a run on training and validation alone, reported epoch by epoch."""

import csv
import math
import shutil
import time
from typing import Any

import lightning as L
import optuna
from optuna.trial import TrialState

from ercbench.config.explain import explain
from ercbench.console import one_line
from ercbench.errors import ErcbenchError
from ercbench.models.base.trainable import Trainable
from ercbench.records.run_folder import BusyError, RunFolder
from ercbench.records.run_record import RunRecord
from ercbench.training.callbacks import History
from ercbench.training.train import PlannedRun, carry_out, plan
from ercbench.tuning.search import Search
from ercbench.tuning.space import with_params

# Seconds between looks at a run that another process is at work on.
WAIT = 1.0


def carry_out_trial(study: optuna.Study, trial: optuna.Trial, search: Search) -> None:
    """Carries out a trial and tells the study its score, that it was pruned, or why it failed.

    A complete trial keeps its record and its metrics but no checkpoint and, as the test part is
    not read, no predictions; of any other nothing is left on disk.
    """
    planned = None
    state, score = TrialState.FAIL, None
    try:
        planned = plan(with_params(search.base, trial.params))
        score = finite_score(run_of(planned, trial, search.metric))
        state = TrialState.COMPLETE
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except Exception as error:  # whatever it is, the other trials are tried
        trial.set_user_attr("cause", one_line(explain(error) or f"{type(error).__name__}: {error}"))
    if planned is not None:
        remove_all_but_record(planned.folder)
    study.tell(trial, score, state)


def remove_all_but_record(run: RunFolder) -> None:
    """Removes a finished run's checkpoints, or the folder of a run that has not finished."""
    shutil.rmtree(run.checkpoints if run.finished else run.path, ignore_errors=True)


def run_of(planned: PlannedRun, trial: optuna.Trial, metric: str) -> RunRecord:
    """Returns the record of a trial's run, which may have been another trial's before.

    Raises:
        optuna.TrialPruned: Others were better by then.
    """
    trial.set_user_attr("run", planned.folder.path.name)
    report = Report(trial, metric)
    while True:
        try:
            finished = planned.folder.finished
            record = (
                planned.folder.read(RunRecord)
                if finished
                else carry_out(planned, [report], quiet=True)
            )
            break
        except BusyError:  # the same settings in another trial
            time.sleep(WAIT)
    trial.set_user_attr("epochs", sum(stage.epochs for stage in record.results.stages))
    if finished:
        report.all_of(planned, record)
    return record


def finite_score(record: RunRecord) -> float:
    """Returns the score of a run on validation.

    Raises:
        ErcbenchError: It is not a number.
    """
    if not math.isfinite(record.score):
        raise ErcbenchError(f"{record.run}: the score on validation is not a number")
    return record.score


class Report(L.Callback):
    """Tells a trial its validation score after every epoch of the last stage, and prunes it.

    The stages before train other parts of the model for lengths of their own, so that their
    epochs are not to be compared.

    Args:
        trial: The trial.
        metric: Selection metric.
    """

    def __init__(self, trial: optuna.Trial, metric: str) -> None:
        self.trial, self.metric = trial, metric
        self.reported = 0

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Reports the epochs that are new.

        Raises:
            optuna.TrialPruned: Others were better by now.
        """
        assert isinstance(pl_module, Trainable)
        history = next(own for own in trainer.callbacks if isinstance(own, History))  # type: ignore[attr-defined]
        if pl_module.stage == pl_module.stages()[-1]:
            self.tell(history.epochs(pl_module.stage.name))
            if self.trial.should_prune():
                self.trial.set_user_attr("epochs", len(history.rows))
                raise optuna.TrialPruned

    def tell(self, rows: list[dict[str, Any]]) -> None:
        """Reports the scores of a stage's epochs, each once."""
        for step, row in enumerate(rows[self.reported :], self.reported):
            self.trial.report(float(row[f"val/{self.metric}"]), step)
        self.reported = len(rows)

    def all_of(self, planned: PlannedRun, record: RunRecord) -> None:
        """Reports the epochs of a run that had finished before."""
        stage = record.results.chosen.stage
        with planned.folder.metrics.open(newline="") as stream:
            self.tell([row for row in csv.DictReader(stream) if row.get("stage", "") == stage])
