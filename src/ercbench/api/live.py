"""A conversation that is labelled while it goes on."""

from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ercbench.api.encoders import EncoderGiven, encoder_or_reason
from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.evaluation.predicted.result import PredictedTurn, shares_or_score
from ercbench.features.encoders.encoder import Encoder, Item
from ercbench.metrics import likeliest

if TYPE_CHECKING:
    from ercbench.api.run import Run


class LiveConversation:
    """Utterances as they come, each labelled from those up to it.

    No prediction uses what is said later. A model that reads a conversation in both directions
    has learned with the future in sight; here it sees the past alone, so its predictions are not
    those that it makes of the whole conversation.

    Args:
        run: Whose model labels.
        encoders: Modality to its encoder or where that lies, if the record cannot say how to make
            it again.

    Raises:
        ErcbenchError: An encoder is not at hand.
    """

    def __init__(self, run: "Run", encoders: Mapping[str, EncoderGiven]) -> None:
        recipes = run.record.setup.features
        made = {own.modality: encoder_or_reason(own, encoders.get(own.modality)) for own in recipes}
        self._encoders: dict[str, Encoder] = {
            modality: own for modality, own in made.items() if not isinstance(own, str)
        }
        self._run = run
        self._vectors: dict[str, list[np.ndarray]] = {modality: [] for modality in self._encoders}
        self.turns: list[PredictedTurn] = []

    def say(
        self,
        speaker: str,
        text: str = "",
        audio: str | Path | None = None,
        video: str | Path | None = None,
    ) -> PredictedTurn:
        """Labels the next utterance.

        Args:
            speaker: Who speaks.
            text: What is said.
            audio: Its sound, if it is recorded.
            video: Its clip, likewise.
        """
        own = Utterance(
            id=str(len(self.turns) + 1),
            speaker=speaker,
            text=text,
            audio=None if audio is None else str(audio),
            video=None if video is None else str(video),
        )
        said = Conversation("live", (*(turn.utterance for turn in self.turns), own))
        present = self._encode(Item(said, len(self.turns)))
        features = {modality: np.stack(rows) for modality, rows in self._vectors.items()}
        self.turns.append(self._labelled(own, present, self._run.answer(said, features)[-1]))
        return self.turns[-1]

    def _encode(self, item: Item) -> tuple[str, ...]:
        """Adds the vectors of an utterance, and returns its modalities that are there."""
        present = []
        for modality, encoder in self._encoders.items():
            (vector,) = encoder.encode([item])
            if isinstance(vector, str):
                vector = np.full(encoder.width, np.nan, np.float32)
            else:
                present.append(modality)
            self._vectors[modality].append(vector)
        return tuple(present)

    def _labelled(
        self, own: Utterance, present: tuple[str, ...], probabilities: np.ndarray
    ) -> PredictedTurn:
        labels, target = self._run.labels, self._run.record.setup.target
        label = labels[likeliest(probabilities, target)]
        shares, score = shares_or_score(probabilities, labels, target)
        earlier = [turn.label for turn in self.turns if turn.utterance.speaker == own.speaker]
        before = earlier[-1] if earlier else None
        sure = shares.get(label, nan)
        return PredictedTurn("live", own, label, sure, before, shares, present, score)
