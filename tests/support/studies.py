"""Tuning studies made up for tests of what is made of them."""

from dataclasses import replace

import numpy as np

from ercbench.records.study import StudyRecord, Trial
from records import make_setup


def make_trials(count, seed=0, epochs=6, failing=False):
    """Trials of random scores: every third one pruned and, if asked for, every tenth one failed."""
    rng = np.random.default_rng(seed)
    return tuple(_trial(rng, number, epochs, failing) for number in range(count))


def make_study(setup=None, trials=10, **changes):
    """A study whose best trial had the settings of a run."""
    setup = setup or make_setup()
    found = make_trials(trials) if isinstance(trials, int) else tuple(trials)
    complete = [trial for trial in found if trial.state == "complete"]
    best = max(complete, key=lambda trial: trial.value, default=None)
    study = StudyRecord(
        study=f"{setup.corpus}-{setup.model}",
        model=setup.model,
        corpus=setup.corpus,
        simulated=setup.simulated,
        split=setup.split,
        features=setup.feature_keys,
        metric="weighted_f1",
        sampler="tpe",
        pruner="median",
        seed=0,
        budget=sum(trial.state != "failed" for trial in found),
        space={name: "anything" for name in _params(np.random.default_rng(0))},
        first=(),
        settings={**setup.settings, "seed": 77},
        chosen=best.number if best else 0,
        trials=found,
        seconds=sum(trial.seconds for trial in found),
        importances={"model.hidden": 0.7, "model.dropout": 0.2, "model.norm": 0.1},
    )
    return replace(study, **changes)


def _trial(rng, number, epochs, failing):
    params = _params(rng)
    curve = tuple(np.sort(rng.uniform(0.2, 0.7, epochs)).tolist())
    if failing and number % 10 == 9:
        return Trial(number, "failed", params, None, 0, 1.5, None, ())
    if number % 3 == 2:
        curve = curve[:2]
        return Trial(number, "pruned", params, max(curve), len(curve), 1.5, None, curve)
    return Trial(number, "complete", params, max(curve), len(curve), 1.5, f"run{number}", curve)


def _params(rng):
    return {
        "model.hidden": int(rng.choice([64, 128, 256])),
        "model.dropout": float(rng.uniform(0, 0.5)),
        "model.learning_rate": float(10 ** rng.uniform(-5, -2)),
        "model.norm": str(rng.choice(["layer", "none"])),
    }
