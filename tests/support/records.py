"""Run records made up for tests of what is read from them."""

import json
import zlib
from dataclasses import replace

import numpy as np

from ercbench.features.store.recipe import FeatureRecipe
from ercbench.metrics import labelled, previous_labels
from ercbench.models.registry import MODELS
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import (
    ChosenOnTest,
    Execution,
    OutputScores,
    RunRecord,
    RunResults,
    RunSetup,
    StageRecord,
)
from ercbench.records.scores import Scores, score

LABELS = ("neutral", "joy", "anger")
SIZES = (5, 8, 3, 6)
STAGE = StageRecord("", best_epoch=3, epochs=9, max_epochs=50, validation={"weighted_f1": 0.5})
EXECUTION = Execution(1234, 56.7, 10**9, "cpu", {"torch": "2.6"}, "2026-01-02T03:04:05+00:00")


def make_recipe(key, contents="1", fitted_on=()):
    """The recipe of a feature set called `modality:name`."""
    modality, name = key.split(":")
    known = None if fitted_on is None else list(fitted_on)
    return FeatureRecipe(modality, name, "made-up", None, {}, known, contents, {})


def make_setup(model="MLP", seed=0, features=("text:x", "audio:x"), **changes):
    """What a made-up run was asked; feature sets by their keys or as recipes."""
    recipes = [own if isinstance(own, FeatureRecipe) else make_recipe(own) for own in features]
    setup = RunSetup(
        group=f"made-up-{model}",
        model={known.title: known.name for known in MODELS}.get(model, model),
        corpus="made-up",
        simulated=False,
        split="standard",
        split_sha256="s",
        labels=LABELS,
        features=tuple(recipes),
        seed=seed,
        leaks=(),
        settings={"seed": seed, "model": {"hidden": 8, "layers": 1}, "features": None},
        manifest_sha256="m",
        provenance={},
        code="c",
    )
    return replace(setup, **changes)


def make_scores(truth, probabilities, previous=None):
    """The scores of label indices and [N, C] probabilities, nobody having spoken before."""
    previous = np.full(len(truth), -1) if previous is None else previous
    return score(labelled(truth, probabilities, previous))


def make_record(setup, outputs, run=None, fingerprint=None, as_released=None, stages=(STAGE,)):
    """The record of a made-up run, from what it was asked and its scores by output."""
    run = run or f"{setup.model}-{setup.seed}-{zlib.crc32(repr(setup).encode())}"
    results = RunResults(tuple(stages), outputs, "0" * 64, as_released)
    return RunRecord(run, fingerprint or run, setup, results, EXECUTION)


def rewritten(path, change):
    """Changes the JSON of a record as `change` does, in place, and takes its SHA-256 away."""
    found = json.loads(path.read_text())
    del found["sha256"]
    change(found)
    path.write_text(json.dumps(found))


def write_run(
    folder,
    model="MLP",
    seed=0,
    skill=1.0,
    sizes=SIZES,
    truth_seed=0,
    outputs=(),
    unlabelled=(),
    texts=False,
    name=None,
    fingerprint=None,
    released=None,
    watched=None,
    stages=(STAGE,),
    prefix="d",
    **changes,
):
    """Writes a run whose logits favour the truth by `skill` standard deviations.

    Args:
        folder: Of the runs.
        prefix: Of the names of its dialogues.
        released: Scores that choosing on test would have claimed, by metric.
        watched: Epochs among which that was chosen.
        changes: Other fields of what it was asked.

    Returns:
        The run's folder.
    """
    setup = make_setup(model, seed, **changes)
    truth = np.random.default_rng(truth_seed).integers(0, min(3, len(setup.labels)), sum(sizes))
    rng = np.random.default_rng([seed, *model.encode()])
    found, rows = {}, {}
    for output in ("final", *outputs):
        logits = rng.normal(size=(len(truth), len(setup.labels)))
        logits[np.arange(len(truth)), truth] += skill
        own = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        rows[output] = _rows(own, truth, sizes, setup.labels, unlabelled, texts, prefix)
        known = np.where(np.isin(np.arange(len(truth)), unlabelled), -1, truth)
        own_scores = make_scores(known, own.astype(np.float32), _previous(sizes, known))
        validation = own_scores or Scores({}, (), ())
        found[output] = OutputScores(validation, own_scores)
    claimed = ChosenOnTest(7, Scores(released, (), ()), epochs=watched) if released else None
    record = make_record(setup, found, name, fingerprint, claimed, stages)
    run = RunFolder(folder / record.run)
    for output, own in rows.items():
        run.write_predictions(own, output)
    run.write(record)
    return run


def _rows(probabilities, truth, sizes, labels, unlabelled, texts, prefix):
    turns = [(d, turn) for d, size in enumerate(sizes) for turn in range(size)]
    return [
        {
            "conversation": f"{prefix}{d}",
            "turn": turn,
            "utterance": f"{prefix}{d}-{turn}",
            "speaker": "AB"[turn % 2],
            "label": None if row in unlabelled else labels[truth[row]],
            "predicted": labels[int(own.argmax())],
        }
        | ({"text": f"Words of {prefix}{d}-{turn}."} if texts else {})
        | {f"p_{label}": float(p) for label, p in zip(labels, own, strict=True)}
        for row, ((d, turn), own) in enumerate(zip(turns, probabilities, strict=True))
    ]


def _previous(sizes, truth):
    turns = np.concatenate([np.arange(size) for size in sizes])
    return previous_labels(np.repeat(np.arange(len(sizes)), sizes), turns % 2, truth)
