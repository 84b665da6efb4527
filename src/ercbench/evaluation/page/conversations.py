"""The test conversations and what every model said of them, small enough for a page."""

from itertools import groupby
from typing import Any

import numpy as np

from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.metrics import likeliest


def conversations(name: str, comparison: Comparison) -> dict[str, Any]:
    """Returns what the page's viewer reads, as plain values; columns have an item per utterance.

    Args:
        name: Of the report, in links.
        comparison: The models; their own answers come first, best first, then other outputs.
    """
    test = comparison.test
    speakers, who = np.unique(test.speakers, return_inverse=True)
    final = final_groups(comparison)
    others = [group for group in comparison.groups if group.output != "final"]
    return {
        "name": name,
        "labels": list(test.labels),
        "dialogues": [[id, len(list(own))] for id, own in groupby(test.conversations.tolist())],
        "utterances": test.utterances.tolist(),
        "speakers": speakers.tolist(),
        "who": who.tolist(),
        "texts": test.texts.tolist() if any(test.texts.tolist()) else [],
        "truth": test.truth.tolist(),
        "before": test.previous.tolist(),
        "scores": None if test.scores is None else _written(test.scores),
        "models": [_answers(group, comparison.marked(group.name)) for group in (*final, *others)],
    }


def _answers(group: Group, name: str) -> dict[str, Any]:
    """Returns what a model says with its mean probabilities over seeds, in whole per cent.

    `agree` counts the seeds that say the same; `p` has C numbers for each utterance, none that
    mean anything where `labelsOnly`; models of scores have these instead.
    """
    mean = group.probabilities.mean(0)
    scored = group.target == "score"
    said = likeliest(mean, group.target)
    return {
        "name": name,
        "final": group.output == "final",
        "seeds": len(group.seeds),
        "labelsOnly": not group.has_probabilities,
        "said": said.tolist(),
        "agree": (group.predictions == said).sum(0).tolist(),
        "scores": _written(mean[:, 0]) if scored else None,
        "p": [] if scored else np.rint(100 * mean).astype(int).ravel().tolist(),
    }


def _written(scores: np.ndarray) -> list[str]:
    """Returns scores with two decimals, nothing where there is none."""
    return ["" if np.isnan(own) else f"{own:.2f}" for own in scores.tolist()]
