"""A corpus to be taught scores: its labels are the classes that rounding makes of them."""

from dataclasses import replace

import numpy as np

from ercbench.corpora.conversation import Corpus, Utterance
from ercbench.errors import ErcbenchError
from ercbench.metrics import SCALE, SCORE_CLASSES, score_class


def with_score_classes(corpus: Corpus) -> Corpus:
    """Returns a corpus whose labels are `SCORE_CLASSES`; what has no score has no label.

    Raises:
        ErcbenchError: No utterance has a score, or one is not on the scale.
    """
    scores = [own.score for own in corpus.utterances() if own.score is not None]
    if not scores:
        raise ErcbenchError(
            f"dataset.target=score: corpus '{corpus.name}' has no scores. Take target=labels, or "
            "prepare one that has, as CMU-MOSI or a table with a column 'score'."
        )
    low, high = SCALE
    if min(scores) < low or max(scores) > high:
        raise ErcbenchError(
            f"dataset.target=score: corpus '{corpus.name}' has scores from {min(scores):g} to "
            f"{max(scores):g}; expected {low:g} to {high:g}, the scale of CMU-MOSI. Bring them to "
            "it and prepare the corpus again."
        )
    conversations = tuple(
        replace(own, utterances=tuple(map(_classed, own.utterances)))
        for own in corpus.conversations
    )
    return replace(corpus, labels=SCORE_CLASSES, conversations=conversations)


def _classed(utterance: Utterance) -> Utterance:
    score = utterance.score
    label = None if score is None else SCORE_CLASSES[int(score_class(np.array(score)))]
    return replace(utterance, label=label)
