"""The rows of `predictions.parquet`: what is known of an utterance, and what was predicted."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Conversation
from ercbench.metrics import Target, likeliest

PREDICTED_SCORE = "predicted_score"


def rows_of(
    conversations: Iterable[Conversation],
    labels: Sequence[str],
    probabilities: np.ndarray,
    labels_only: bool = False,
    target: Target = "labels",
) -> list[dict[str, Any]]:
    """Returns a row per utterance: its label, the prediction and all probabilities.

    Of scores a row has the true and the predicted one instead; labels are their classes.

    Args:
        conversations: Of N utterances in all.
        labels: C label names.
        probabilities: [N, C]; or [N, 1], predicted scores.
        labels_only: Leaves the probabilities out.
        target: Whether labels or scores are predicted.
    """
    turns = [(own, turn) for own in conversations for turn in range(len(own))]
    rows, predicted = [], likeliest(probabilities, target)
    for row, ((conversation, turn), shares) in enumerate(zip(turns, probabilities, strict=True)):
        utterance = conversation.utterances[turn]
        said = {
            "conversation": conversation.id,
            "turn": turn,
            "utterance": utterance.id,
            "speaker": utterance.speaker,
            "text": utterance.text,
            "label": utterance.label,
            "predicted": labels[predicted[row]],
        }
        if target == "score":
            rows.append(said | {"score": utterance.score, PREDICTED_SCORE: float(shares[0])})
            continue
        columns = () if labels_only else zip(labels, shares.tolist(), strict=True)
        rows.append(said | {f"p_{label}": share for label, share in columns})
    return rows
