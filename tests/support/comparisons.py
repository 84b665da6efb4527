"""Comparisons made up for tests of the report."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.figures import draw
from ercbench.evaluation.figures.studies import draw_studies
from ercbench.evaluation.page import Report, write_page
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tables.tuning import tuning_tables
from ercbench.records.run_record import OutputScores
from records import STAGE, make_record, make_scores, make_setup

LABELS = ("neutral", "joy", "anger", "sadness")


def make_test_set(sizes, seed=0, labels=LABELS, unlabelled=0.0, **changes):
    """Dialogues of the given lengths between two speakers, with random emotions."""
    rng = np.random.default_rng(seed)
    count = sum(sizes)
    truth = rng.integers(0, len(labels), count)
    truth[rng.random(count) < unlabelled] = -1
    turns = np.concatenate([np.arange(size) for size in sizes])
    dialogues = np.repeat(np.arange(len(sizes)), sizes)
    fields = {
        "corpus": "made-up",
        "split": "standard",
        "simulated": False,
        "labels": tuple(labels),
        "conversations": np.array([f"d{dialogue}" for dialogue in dialogues]),
        "utterances": np.array([f"d{d}-{t}" for d, t in zip(dialogues, turns, strict=True)]),
        "speakers": np.array(["Ann", "Ben"])[rng.integers(0, 2, count)],
        "texts": np.array([f"What {turn} said." for turn in turns]),
        "truth": truth,
    }
    return TestSet(**fields | changes)


def make_group(test, name, seeds=3, skill=1.0, seed=0, output="final", **changes):
    """A model whose logits favour the truth by `skill` standard deviations."""
    rng = np.random.default_rng([seed, len(name), *name.encode()])
    logits = rng.normal(size=(seeds, len(test.truth), len(test.labels)))
    known = test.truth >= 0
    logits[:, np.flatnonzero(known), test.truth[known]] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    scores = tuple(make_scores(test.truth, own, test.previous) for own in probabilities)
    fields = {
        "name": name,
        "model": name,
        "output": output,
        "features": ("text:made-up",),
        "differences": {},
        "seeds": tuple(range(seeds)),
        "runs": tuple(_record(test, name, n, own) for n, own in enumerate(scores)),
        "scores": scores,
        "probabilities": probabilities.astype(np.float32),
        "folders": tuple(Path(f"{name}-{number}") for number in range(seeds)),
    }
    return Group(**fields | changes)


def make_comparison(sizes=(5, 8, 3, 12), skills=(("GRU", 2.0), ("MLP", 1.0)), seeds=3, **changes):
    """Models of the given skills on one made-up test set."""
    test = make_test_set(sizes, **changes)
    groups = [make_group(test, name, seeds, skill) for name, skill in skills]
    return Comparison(test, tuple(groups), ())


def make_page(folder, *comparisons, drawn=True, draws=50):
    """The page of some comparisons; without figures it is quicker."""
    reports = []
    for number, comparison in enumerate(comparisons):
        name = f"{comparison.test.corpus}{number or ''}"
        analysis = analyse(comparison, draws=draws)
        # a made-up corpus has no generator that could say what its ceilings are
        plain = replace(comparison, test=replace(comparison.test, simulated=False))
        drawings = draw(plain, analysis, folder / str(number)) if drawn else []
        studies = draw_studies(comparison, folder / str(number)) if drawn else []
        shown = [*tables(plain, analysis), *tuning_tables(comparison)]
        reports.append(Report(name, comparison, analysis, shown, drawings, studies))
    return write_page(reports, folder)


def _record(test, name, seed, scores):
    setup = make_setup(
        name,
        seed,
        features=("text:made-up",),
        corpus=test.corpus,
        simulated=test.simulated,
        split=test.split,
        labels=test.labels,
        settings={},
    )
    outputs = {"final": OutputScores(scores, scores)}
    stages = [replace(STAGE, best_epoch=2, epochs=3)]
    return make_record(setup, outputs, f"{test.corpus}-{name}-seed{seed}", stages=stages)
