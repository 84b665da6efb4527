"""The predictions for new conversations, an utterance a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from pathlib import Path

import numpy as np

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.metrics import Target, likeliest, previous_labels


@dataclass(frozen=True)
class PredictedTurn:
    """What is said of an utterance.

    Attributes:
        conversation: Its conversation's id.
        utterance: The utterance.
        label: The most probable one; of a score its class.
        confidence: Its probability; NaN of a score.
        before: What the same speaker's last utterance was taken for; None if there is none.
        probabilities: Label to probability, all of them; none of a score.
        present: Modalities that were read of it.
        score: The score, if that is what the model predicts.
    """

    conversation: str
    utterance: Utterance
    label: str
    confidence: float
    before: str | None
    probabilities: Mapping[str, float]
    present: tuple[str, ...]
    score: float | None = None

    @property
    def told(self) -> str:
        """How sure it is in per cent, or the score."""
        return f"{100 * self.confidence:.0f} %" if self.score is None else f"score {self.score:.2f}"

    @property
    def shifts(self) -> bool:
        """Whether the speaker's emotion is another than in their last utterance."""
        return self.before is not None and self.before != self.label


@dataclass(frozen=True)
class Timing:
    """How long a prediction took.

    Attributes:
        start_up: Seconds until every encoder had made its first vector: models are loaded.
        encoding: Modality to the rows made after that, and the seconds that took.
        model: Seconds in the dialogue model.
    """

    start_up: float
    encoding: Mapping[str, tuple[int, float]]
    model: float

    def __str__(self) -> str:
        rates = [
            f"{modality}: {rows} rows in {seconds:.1f} s ({rows / max(seconds, 1e-9):.1f} rows/s)"
            for modality, (rows, seconds) in self.encoding.items()
            if rows
        ]
        return "; ".join([f"start-up: {self.start_up:.1f} s", *rates, f"model: {self.model:.2f} s"])


@dataclass(frozen=True)
class Predicted:
    """What a model says of conversations, or its seeds in the mean.

    Attributes:
        name: What was predicted on is called.
        model: The model's name.
        corpus: It was trained on.
        runs: Names of the runs whose probabilities were averaged.
        labels: The C labels, in the order of the columns.
        conversations: As they were given, N utterances in all.
        probabilities: [N, C]; or [N, 1], the scores.
        present: Modality to [N] bool: of which utterances it was read.
        notes: What a reader should know, a sentence each.
        timing: How long it took.
        recording: That all utterances are parts of, if they are.
        target: Whether labels or scores are predicted; of scores, `labels` are their classes.
    """

    name: str
    model: str
    corpus: str
    runs: tuple[str, ...]
    labels: tuple[str, ...]
    conversations: tuple[Conversation, ...]
    probabilities: np.ndarray
    present: Mapping[str, np.ndarray]
    notes: tuple[str, ...]
    timing: Timing
    recording: Path | None = None
    target: Target = "labels"

    def __len__(self) -> int:
        return len(self.probabilities)

    @cached_property
    def turns(self) -> list[PredictedTurn]:
        """Every utterance with what is said of it, conversation by conversation."""
        return list(self._turns())

    def _turns(self) -> Iterator[PredictedTurn]:
        said = likeliest(self.probabilities, self.target)
        turns = [(own.id, turn) for own in self.conversations for turn in own.utterances]
        conversations, speakers = zip(*((id, turn.speaker) for id, turn in turns), strict=True)
        before = previous_labels(np.array(conversations), np.array(speakers), said)
        for row, (id, turn) in enumerate(turns):
            label = self.labels[said[row]]
            shares, score = shares_or_score(self.probabilities[row], self.labels, self.target)
            last = self.labels[before[row]] if before[row] >= 0 else None
            present = tuple(modality for modality, there in self.present.items() if there[row])
            sure = shares.get(label, nan)
            yield PredictedTurn(id, turn, label, sure, last, shares, present, score)


def shares_or_score(
    answer: np.ndarray, labels: Sequence[str], target: Target
) -> tuple[dict[str, float], float | None]:
    """Returns label to probability, or nothing and the score, of the answer to an utterance."""
    if target == "score":
        return {}, float(answer[0])
    return dict(zip(labels, answer.tolist(), strict=True)), None
