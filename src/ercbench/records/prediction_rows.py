"""The rows of `predictions.parquet`: what is known of an utterance, and what was predicted."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Conversation


def rows_of(
    conversations: Iterable[Conversation],
    labels: Sequence[str],
    probabilities: np.ndarray,
    labels_only: bool = False,
) -> list[dict[str, Any]]:
    """Returns a row per utterance: its label, the prediction and all probabilities.

    Args:
        conversations: Of N utterances in all.
        labels: C label names.
        probabilities: [N, C].
        labels_only: Leaves the probabilities out.
    """
    turns = [(own, turn) for own in conversations for turn in range(len(own))]
    rows = []
    for (conversation, turn), shares in zip(turns, probabilities, strict=True):
        utterance = conversation.utterances[turn]
        said = {
            "conversation": conversation.id,
            "turn": turn,
            "utterance": utterance.id,
            "speaker": utterance.speaker,
            "text": utterance.text,
            "label": utterance.label,
            "predicted": labels[int(shares.argmax())],
        }
        columns = () if labels_only else zip(labels, shares.tolist(), strict=True)
        rows.append(said | {f"p_{label}": share for label, share in columns})
    return rows
