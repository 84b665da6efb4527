"""What is possible on the simulated corpus, for models to stand beside."""

import numpy as np

from ercbench.corpora.simulated.ceilings import ceilings_for, posterior
from ercbench.corpora.simulated.simulation import Simulator, recorded_settings, simulate
from ercbench.evaluation.compare.groups import Comparison
from ercbench.metrics.of_labels import label_counts, weighted_f1
from ercbench.metrics.predictions import Predictions


def ceiling_scores(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """Returns what is possible on a simulated corpus with what any of the models sees.

    Returns:
        Ceiling name to (highest expected accuracy, weighted F1 of the same reader) on the test
        part; nothing if the corpus is not simulated, or nobody recorded how.
    """
    runs = [run for group in comparison.groups for run in group.runs]
    if not comparison.test.simulated or not runs or comparison.test.trained_on:
        return {}
    settings = recorded_settings(runs[0].setup.provenance)
    corpus, features = simulate(settings)
    tested = set(comparison.test.conversations.tolist())
    rows = np.concatenate([[c.id in tested] * len(c) for c in corpus.conversations])
    conversations = [c for c in corpus.conversations if c.id in tested]
    seen = {modality: values[rows] for modality, values in features.items()}
    scores = {}
    for ceiling in ceilings_for(_modalities(comparison)):
        belief = posterior(Simulator(settings), conversations, seen, ceiling)
        read = Predictions(comparison.test.truth, belief, comparison.test.previous)
        counts = label_counts(read).sum(0, dtype=np.float64)
        scores[ceiling.name] = float(belief.max(1).mean()), float(weighted_f1(counts))
    return scores


def _modalities(comparison: Comparison) -> list[str]:
    """Returns what the models see, in the order of the one that sees most."""
    features = sorted((group.features for group in comparison.groups), key=len, reverse=True)
    return list(dict.fromkeys(key.split(":")[0] for own in features for key in own))
