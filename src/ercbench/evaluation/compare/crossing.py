"""What tables say of models that were trained on one corpus and tested on another."""

from typing import Any

from ercbench.evaluation.tables.wording import corpus_title
from ercbench.records.evaluation_record import EvaluationSetup
from ercbench.records.reading import AnySetup


def crossing(setup: AnySetup) -> dict[str, Any]:
    """Returns `trained_on` and `notes` of a test set; nothing where runs were tested at home."""
    if not isinstance(setup, EvaluationSetup):
        return {}
    trained = setup.trained.setup
    target = setup.target
    home = corpus_title(trained.corpus, len(trained.labels), trained.simulated, target)
    away = corpus_title(setup.corpus, len(setup.labels), setup.simulated, target)
    part = "all parts" if setup.part == "all" else f"the {setup.part} part"
    notes = [
        f"trained on {home}, split {trained.split}, where the epoch was chosen; tested on {part} "
        f"of {away}, split {setup.split}"
    ]
    marks = (*_seen(setup), *(f"LEAK: {leak}" for leak in setup.leaks), *_unknown(setup))
    return {"trained_on": home, "notes": (*notes, *_mapping(setup), *marks)}


def _mapping(setup: EvaluationSetup) -> list[str]:
    changed = {own: to for own, to in setup.label_map.items() if own != to}
    if not changed:
        return []
    told = []
    for label in setup.labels:
        own = [name for name, to in setup.label_map.items() if to == label]
        told.append(f"{' + '.join(own)} → {label}" if own else f"nothing → {label}")
    dropped = [name for name, to in setup.label_map.items() if to is None]
    if dropped:
        told.append(f"{' and '.join(dropped)} left out, the others' probabilities scaled up")
    return [f"labels: {'; '.join(told)}"]


def _seen(setup: EvaluationSetup) -> list[str]:
    if not setup.seen:
        return []
    return [
        f"SEEN: {setup.seen} of these {setup.conversations} conversations are of the training or "
        "validation part, so the scores are not those of unseen data"
    ]


def _unknown(setup: EvaluationSetup) -> list[str]:
    keys = [recipe.key for recipe in setup.features if recipe.fitted_on is None]
    if not keys:
        return []
    return [f"PROVENANCE UNKNOWN: whose labels made {', '.join(keys)} of {setup.corpus} is unknown"]
