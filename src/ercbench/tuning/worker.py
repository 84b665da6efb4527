"""What a process does for a study, and several of them side by side."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from optuna.trial import FrozenTrial, TrialState

from ercbench.console import say
from ercbench.errors import ErcbenchError
from ercbench.metrics import METRICS, Metric
from ercbench.threads import threads_each
from ercbench.tuning.search import Search
from ercbench.tuning.storage import reachable
from ercbench.tuning.study import COUNTED, SharedStudy, cause, number_of
from ercbench.tuning.trial import carry_out_trial

# Seconds between looks at what others are at work on.
WAIT = 1.0


def work(search: Search) -> None:
    """Carries out trials until the budget is spent, those of processes that died included.

    Raises:
        ErcbenchError: The storage is not there, the study is another one, or too many trials
            failed.
    """
    study = SharedStudy(search)
    began, ended = time.monotonic(), 0
    with study.at_work():
        while not study.done:
            trial = study.next_trial()
            if trial is None:
                time.sleep(WAIT)
                continue
            carry_out_trial(study.optuna, trial, search)
            ended += 1
            say(progress(study, trial.number, 60 * ended / (time.monotonic() - began)))


def work_side_by_side(search: Search, jobs: int) -> None:
    """Lets this process and others work on a study; each gets its share of the cores.

    Raises:
        ErcbenchError: As in `work`; the others end too.
    """
    spawn = multiprocessing.get_context("spawn")
    with threads_each(max(1, (os.cpu_count() or 1) // jobs)):
        others = [spawn.Process(target=_work_alone, args=(search,)) for _ in range(jobs - 1)]
        with deaf_to_interrupts():
            for process in others:
                process.start()
        with _ending_together(others):
            work(search)


def progress(study: SharedStudy, number: int, rate: float) -> str:
    """Returns a line on a trial that has ended, and on the study so far."""
    trials = study.trials
    ended = next(trial for trial in trials if trial.number == number)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    failed = sum(trial.state == TrialState.FAIL for trial in trials)
    counted = sum(trial.state in COUNTED for trial in trials)
    metric = METRICS[study.search.metric]
    parts = [f"trial {number_of(ended)}: {_ending(ended, metric)}"]
    if complete:
        best = max(complete, key=lambda trial: (trial.value, -number_of(trial)))
        parts.append(
            f"best validation {metric.title} {metric.written(best.value or 0)} "
            f"(trial {number_of(best)})"
        )
    parts.append(f"{counted} of {study.search.budget}, {pruned} pruned")
    if failed:
        parts.append(f"{failed} failed")
    return "; ".join((*parts, f"{rate:.1f} trials/min"))


def _ending(trial: FrozenTrial, metric: Metric) -> str:
    if trial.state == TrialState.FAIL:
        return f"failed ({cause(trial)})"
    if trial.state == TrialState.PRUNED:
        return f"pruned after {len(trial.intermediate_values)} epochs"
    return metric.written(trial.value or 0)


def _work_alone(search: Search) -> None:
    """Works in a process of its own, whose errors are one line."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with reachable(search.storage):
            work(search)
    except ErcbenchError as error:
        say(f"ercbench: {error}")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    """Ends this process once the one that started it is gone, even if that was killed.

    The study then takes the trial over, as that of any process that was killed.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process that another started has one"
    parent.join()
    os._exit(1)


@contextmanager
def _ending_together(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Waits for other processes; where this one fails or is interrupted, it lets them end first."""
    try:
        yield
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Lets processes that are started herein ignore Ctrl-C, which a terminal sends to all.

    The one that started them ends them then, also while they are importing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # where no signal can be set
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
