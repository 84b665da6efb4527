"""What is taken from a test part: rows of a modality that go missing, or that noise covers.

Everything is drawn by the ids of utterances and conversations, so that every model, every seed and
every rate meets the same loss: what is missing at one rate is missing at every higher one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from ercbench.corpora.conversation import Conversation

Kind = Literal["drop", "noise", "recordings", "words"]
By = Literal["utterance", "block", "speaker"]
UNITS: tuple[By, ...] = ("utterance", "block", "speaker")


@dataclass(frozen=True)
class Damage:
    """One way to damage a modality; its level says how much.

    Attributes:
        kind: `drop`: rows go missing, at a rate. `noise`: normal noise is added to standardised
            features, at a signal-to-noise ratio in dB. `recordings`: white noise is added to the
            recordings, at such a ratio, and they are encoded anew. `words`: the transcript has
            errors, at a rate per word, and is encoded anew.
        modality: Which one.
        by: What goes missing together: an utterance, a block of consecutive utterances of a
            conversation, or all utterances of a speaker of one. None but for `drop`.
    """

    kind: Kind
    modality: str
    by: By | None = None

    @property
    def name(self) -> str:
        """Unique, as in file names."""
        return "-".join(filter(None, (self.kind, self.modality, self.by)))

    @property
    def in_decibels(self) -> bool:
        """Whether a level is a signal-to-noise ratio, which is less damage the higher it is."""
        return self.kind in ("noise", "recordings")

    @property
    def clean(self) -> float:
        """The level at which nothing is damaged."""
        return inf if self.in_decibels else 0.0

    def in_order(self, levels: Iterable[float]) -> list[float]:
        """Returns levels from the least damage to the most, each once, the clean one first."""
        return sorted({self.clean, *map(float, levels)}, reverse=self.in_decibels)

    def draws(self, level: float, draws: int) -> range:
        """Returns the draws that differ: one where nothing is left to chance."""
        certain = level == self.clean or (self.kind == "drop" and level == 1)
        return range(1 if certain else draws)


def dropped(conversations: Sequence[Conversation], by: By, rate: float, draw: int) -> np.ndarray:
    """Returns [N] bool, which of the conversations' utterances lose a modality.

    Args:
        conversations: Of N utterances in all.
        by: What goes missing together.
        rate: Share of utterances, or of speakers of a conversation, in expectation; of a block:
            share of its conversation.
        draw: Number of the draw.
    """
    chosen = {"utterance": _utterances, "block": _block, "speaker": _speakers}[by]
    return np.concatenate([chosen(own, rate, draw) for own in conversations])


def noise(conversations: Sequence[Conversation], width: int, draw: int) -> np.ndarray:
    """Returns [N, width] float32 of standard normal noise, drawn for each utterance by its id."""
    rows = [
        np.random.default_rng(number(utterance.id, draw)).standard_normal(width, np.float32)
        for conversation in conversations
        for utterance in conversation.utterances
    ]
    return np.stack(rows)


def noise_scale(ratio: float) -> float:
    """Returns the standard deviation of noise beside a signal of 1, at a ratio in dB."""
    return float(10 ** (-ratio / 20))


def number(*parts: object) -> int:
    """Returns a number below 2**64 that stands for some parts, the same on every machine."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def share(*parts: object) -> float:
    """Returns a number from 0 to below 1 that stands for some parts."""
    return (number(*parts) >> 11) / 2**53


def _utterances(conversation: Conversation, rate: float, draw: int) -> np.ndarray:
    return np.array([share(own.id, draw) < rate for own in conversation.utterances])


def _speakers(conversation: Conversation, rate: float, draw: int) -> np.ndarray:
    return np.array(
        [share(conversation.id, own.speaker, draw) < rate for own in conversation.utterances]
    )


def _block(conversation: Conversation, rate: float, draw: int) -> np.ndarray:
    """Returns a stretch around a point of the conversation, rounded so that its mean is right."""
    length = len(conversation)
    size = int(rate * length + share(conversation.id, "size", draw))
    first = int(share(conversation.id, "first", draw) * (length - size + 1))
    return np.isin(np.arange(length), range(first, first + size))


def labels_of(levels: Iterable[float], damage: Damage) -> Iterator[str]:
    """Yields levels as they are read: `20 %`, `10 dB`, `clean`."""
    for level in levels:
        if damage.in_decibels:
            yield "clean" if level == inf else f"{level:g} dB"
        else:
            yield f"{100 * level:g} %"
