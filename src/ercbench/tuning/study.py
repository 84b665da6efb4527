"""A study that several processes may work on: who tries what, within the budget."""

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from ercbench.errors import ErcbenchError
from ercbench.files import safe_name
from ercbench.tuning.sampling import TrialSeededTPE, make_pruner
from ercbench.tuning.search import Search
from ercbench.tuning.storage import open_storage

COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)
# How often a trial is begun whose process dies.
ATTEMPTS = 3
# Seconds that a process has to say which trial is its own.
UNCLAIMED = 60


class SharedStudy:
    """A study as one process sees it.

    Args:
        search: What it is asked.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.workers = search.folder / "workers"
        self.worker = f"{safe_name(platform.node())}-{os.getpid()}-{uuid4().hex[:8]}"
        with self._alone():  # tables are made once
            self.storage = open_storage(search.storage, search.folder, begin_again)
            self.optuna = self._open()

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials that are or were tried, without those that were taken over or handed back."""
        found = self.optuna.get_trials(deepcopy=False)
        replaced = {trial.user_attrs.get("replaces") for trial in found}
        kept = (
            trial
            for trial in found
            if trial.number not in replaced and not trial.user_attrs.get("handed_back")
        )
        return sorted(kept, key=number_of)

    @property
    def done(self) -> bool:
        """Whether the budget is spent, by trials that came to their end."""
        return sum(trial.state in COUNTED for trial in self.trials) >= self.search.budget

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Shows the other processes of this machine that this one lives."""
        self.workers.mkdir(parents=True, exist_ok=True)
        path = self.workers / f"{self.worker}.lock"
        with FileLock(path):
            yield
        path.unlink(missing_ok=True)

    def next_trial(self) -> optuna.Trial | None:
        """Returns a trial to carry out; None if the others already fill the budget.

        Raises:
            ErcbenchError: Too many have failed.
        """
        self.take_over()
        self.check_failures()
        begun = (*COUNTED, TrialState.RUNNING)
        if sum(trial.state in begun for trial in self.trials) >= self.search.budget:
            return None
        trial = self.optuna.ask(self.search.space.distributions)
        trial.set_user_attr("worker", self.worker)
        if self._rank(trial.number) < self.search.budget:
            return trial
        trial.set_user_attr("handed_back", True)
        self.optuna.tell(trial, state=TrialState.FAIL)
        return None

    def take_over(self) -> None:
        """Lets the trials of processes that died begin again, with the same settings."""
        if isinstance(self.storage, RDBStorage):
            optuna.storages.fail_stale_trials(self.optuna)
        for trial in self.trials:
            if trial.state == TrialState.RUNNING and self._is_left(trial):
                try:
                    self.optuna.tell(trial.number, state=TrialState.FAIL)
                except (ValueError, UpdateFinishedTrialError):
                    continue  # another process was quicker
                begin_again(self.optuna, trial)

    def check_failures(self) -> None:
        """Refuses to go on where failing is the rule.

        Raises:
            ErcbenchError: As many trials failed as were asked for, or the first three.
        """
        failed = [trial for trial in self.trials if trial.state == TrialState.FAIL]
        counted = sum(trial.state in COUNTED for trial in self.trials)
        if len(failed) >= max(3, self.search.budget if counted else 3):
            raise ErcbenchError(
                f"study {self.search.study}: {len(failed)} trials failed, {counted} finished; the "
                f"last one: {cause(failed[-1])}. Mend that, and begin anew with another study=NAME."
            )

    def _rank(self, number: int) -> int:
        """Returns how many trials before this one have not failed."""
        return sum(
            trial.number < number and trial.state != TrialState.FAIL for trial in self.trials
        )

    def _is_left(self, trial: FrozenTrial) -> bool:
        """Whether the process of a running trial is gone, as far as this machine can tell."""
        worker = trial.user_attrs.get("worker")
        if worker is None:
            began = trial.datetime_start
            return began is not None and time.time() - began.timestamp() > UNCLAIMED
        if worker == self.worker:
            return False
        path = self.workers / f"{worker}.lock"
        if not path.exists():
            return bool(worker.startswith(f"{safe_name(platform.node())}-"))
        try:
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
                return True
        except Timeout:
            return False

    def _open(self) -> optuna.Study:
        """Returns Optuna's study, which begins with the settings as they stand and `first`.

        Raises:
            ErcbenchError: A study of this name was asked something else.
        """
        search = self.search
        epochs = int(search.base.trainer.max_epochs)
        study = optuna.create_study(
            study_name=search.study,
            storage=self.storage,
            direction="maximize",
            sampler=TrialSeededTPE(search.base.seed),
            pruner=make_pruner(search.pruner, epochs),
            load_if_exists=True,
        )
        known = study.user_attrs.get("identity")
        if known is not None:
            check_identity(search, json.loads(known))
            return study
        for params in search.space.tried_first(search.base):
            study.enqueue_trial(params, skip_if_exists=True)
        study.set_user_attr("identity", json.dumps(search.identity))
        return study

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.search.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.search.folder / ".lock"):
            yield


def begin_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Puts a trial whose process died back in line, unless it has died too often."""
    attempt = trial.user_attrs.get("attempt", 1)
    if attempt < ATTEMPTS:
        marks = {"attempt": attempt + 1, "replaces": trial.number, "number": number_of(trial)}
        study.enqueue_trial(trial.params, user_attrs=marks)


def number_of(trial: FrozenTrial) -> int:
    """Returns a trial's number; one that begins again has the number that it had at first."""
    return int(trial.user_attrs.get("number", trial.number))


def cause(trial: FrozenTrial) -> str:
    """Returns why a trial failed."""
    return str(trial.user_attrs.get("cause", "its process died, time and again"))


def check_identity(search: Search, known: Mapping[str, Any]) -> None:
    """Refuses to go on with a study that was asked something else.

    Raises:
        ErcbenchError: It was; the message has what differs.
    """
    asked = json.loads(json.dumps(search.identity))
    differing = [name for name in asked if asked[name] != known.get(name)]
    if differing:
        details = "; ".join(_difference(name, known.get(name), asked[name]) for name in differing)
        raise ErcbenchError(
            f"{search.folder}: the study was begun with other {', '.join(differing)} "
            f"({details:.600}). Go on with those, or take another name: study={search.study}-2."
        )


def _difference(name: str, known: Any, asked: Any) -> str:
    """Names the first thing that differs: what it was and what it is."""
    if not (isinstance(known, dict) and isinstance(asked, dict)):
        return f"{name}: {known!s:.80}, now {asked!s:.80}"
    key = next(key for key in {**known, **asked} if known.get(key) != asked.get(key))
    if isinstance(known.get(key), dict) and isinstance(asked.get(key), dict):
        return _difference(key, known[key], asked[key])
    return f"{key}: {known.get(key)!s:.80}, now {asked.get(key)!s:.80}"
