"""Run records made up for tests of what is read from them."""

import json

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from ercbench.models.registry import MODELS
from ercbench.records.run_folder import RunFolder

LABELS = ("neutral", "joy", "anger")
SIZES = (5, 8, 3, 6)


def make_result(model="MLP", seed=0, **changes):
    """The parts of a result that do not depend on the predictions."""
    settings = {"seed": seed, "model": {"hidden": 8, "layers": 1}, "features": None}
    return {
        "model": {known.title: known.name for known in MODELS}.get(model, model),
        "corpus": "made-up",
        "split": "standard",
        "simulated": False,
        "features": ["text:x", "audio:x"],
        "labels": list(LABELS),
        "seed": seed,
        "leaks": [],
        "settings": settings,
        "data": {"manifest": "m", "features": {"text:x": "1", "audio:x": "2"}, "provenance": {}},
        "code": "c",
        "best_epoch": 3,
        "epochs": 9,
        "outputs": {},
        "test": {},
    } | changes


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
    **changes,
):
    """Writes a run whose logits favour the truth by `skill` standard deviations.

    Returns:
        The run's folder.
    """
    result = make_result(model, seed, **changes)
    result["run"] = name or f"{model}-{seed}-{abs(hash(json.dumps(changes))) % 10**9}"
    result.setdefault("fingerprint", result["run"])
    run = RunFolder(folder / result["run"])
    truth = np.random.default_rng(truth_seed).integers(0, len(LABELS), sum(sizes))
    rng = np.random.default_rng([seed, *model.encode()])
    for output in ("final", *outputs):
        logits = rng.normal(size=(len(truth), len(result["labels"])))
        logits[np.arange(len(truth)), truth] += skill
        own = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        run.write_predictions(_rows(own, truth, sizes, result["labels"], unlabelled, texts), output)
        known = ~np.isin(np.arange(len(truth)), unlabelled)
        scores = _scores(truth[known], own[known].argmax(-1), len(result["labels"]))
        if output == "final":
            result["test"] = scores | result["test"]
        else:
            result["outputs"] = result["outputs"] | {output: {"test": scores}}
    run.write_result(result)
    return run


def _rows(probabilities, truth, sizes, labels, unlabelled, texts):
    turns = [(d, turn) for d, size in enumerate(sizes) for turn in range(size)]
    return [
        {
            "conversation": f"d{d}",
            "turn": turn,
            "utterance": f"d{d}-{turn}",
            "speaker": "AB"[turn % 2],
            "label": None if row in unlabelled else labels[truth[row]],
            "predicted": labels[int(own.argmax())],
        }
        | ({"text": f"Words of d{d}-{turn}."} if texts else {})
        | {f"p_{label}": float(p) for label, p in zip(labels, own, strict=True)}
        for row, ((d, turn), own) in enumerate(zip(turns, probabilities, strict=True))
    ]


def _scores(truth, predicted, classes):
    labels = range(classes)
    options = {"zero_division": 0}
    weighted = float(f1_score(truth, predicted, average="weighted", **options))
    each = f1_score(truth, predicted, average=None, labels=labels, **options)
    return {
        "accuracy": float((truth == predicted).mean()),
        "weighted_f1": weighted,
        "macro_f1": float(f1_score(truth, predicted, average="macro", **options)),
        "shift_f1": weighted,
        "stay_f1": weighted,
        "class_f1": each.tolist(),
        "confusion": confusion_matrix(truth, predicted, labels=labels).tolist(),
    }
