"""What was predicted, labels or scores, beside the truth."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

# The scale of CMU-MOSI's and CMU-MOSEI's scores, and the classes that rounding makes of them.
SCALE = (-3.0, 3.0)
SCORE_CLASSES = ("-3", "-2", "-1", "0", "1", "2", "3")

Target = Literal["labels", "score"]
"""What a model is taught and says of an utterance: one of C labels, or a score."""


@dataclass(frozen=True)
class Predictions:
    """What was predicted of N labelled utterances with C labels.

    Attributes:
        truth: [N] index of the true label.
        probabilities: [N, C]; or [N, 1], the predicted scores.
        previous: [N] index of the speaker's last label in the dialogue, -1 where there is none.
        scores: [N] the true scores, where scores were predicted; labels are then their classes.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    previous: np.ndarray
    scores: np.ndarray | None = None

    @cached_property
    def predicted(self) -> np.ndarray:
        """[N] index of what is predicted; see `likeliest`."""
        return likeliest(self.probabilities, self.target)

    @property
    def classes(self) -> int:
        """Number of labels, C."""
        return self.probabilities.shape[-1] if self.scores is None else len(SCORE_CLASSES)

    @property
    def target(self) -> Target:
        """Whether labels or scores were predicted."""
        return "labels" if self.scores is None else "score"

    @property
    def score_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """[N] true and [N] predicted scores, float64."""
        assert self.scores is not None, "labels were predicted"
        return self.scores.astype(np.float64), self.probabilities[:, 0].astype(np.float64)


def labelled(
    truth: np.ndarray,
    probabilities: np.ndarray,
    previous: np.ndarray,
    scores: np.ndarray | None = None,
) -> Predictions:
    """Returns the predictions of those utterances whose label, an index, is not negative."""
    known = truth >= 0
    own = None if scores is None else scores[known]
    return Predictions(truth[known], probabilities[known], previous[known], own)


def likeliest(answers: np.ndarray, target: Target) -> np.ndarray:
    """Returns the index of what is answered: [...].

    Args:
        answers: [..., C] probabilities, of which it is the likeliest label, the first of equals;
            or [..., 1] scores, of which it is the class.
        target: Which of the two.
    """
    return score_class(answers[..., 0]) if target == "score" else answers.argmax(-1)


def score_class(scores: np.ndarray) -> np.ndarray:
    """Returns the index in `SCORE_CLASSES` of scores, clipped to the scale and rounded: [...]."""
    return (np.round(np.clip(scores, *SCALE)) - SCALE[0]).astype(np.int64)


def previous_labels(
    conversations: np.ndarray, speakers: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Returns the label of the speaker's last labelled utterance in the dialogue, or -1: [N].

    Args:
        conversations: [N] whose utterances stand in their order.
        speakers: [N] unique in a conversation.
        truth: [N] indices of labels, negative where there is none.
    """
    last: dict[tuple[object, object], int] = {}
    found = np.full(len(truth), -1)
    columns = (conversations.tolist(), speakers.tolist(), truth.tolist())
    for row, (conversation, speaker, label) in enumerate(zip(*columns, strict=True)):
        found[row] = last.get((conversation, speaker), -1)
        if label >= 0:
            last[conversation, speaker] = label
    return found
