"""The best that any model can do on the simulated corpus: exact posteriors of its generator.

Each ceiling answers "what would a reader who knows the generator, but sees only this much,
say?": one modality or all, with or without the rest of the conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ercbench.corpora.conversation import Conversation
from ercbench.corpora.simulated.simulation import Simulator


@dataclass(frozen=True)
class Ceiling:
    """A reader with full knowledge of the generator and a limited view.

    Attributes:
        modalities: What the reader sees of an utterance.
        context: Whether the reader sees the whole conversation or the one utterance.
    """

    modalities: tuple[str, ...]
    context: bool

    @property
    def name(self) -> str:
        """How tables call it: `text+audio with context`."""
        return f"{'+'.join(self.modalities)} {'with' if self.context else 'without'} context"


def ceilings_for(modalities: Sequence[str]) -> list[Ceiling]:
    """Returns each modality alone and all together, each without and with context."""
    views: list[tuple[str, ...]] = [(modality,) for modality in modalities]
    if len(modalities) > 1:
        views.append(tuple(modalities))
    return [Ceiling(view, context) for view in views for context in (False, True)]


def log_likelihood(
    simulator: Simulator, features: dict[str, np.ndarray], modalities: Sequence[str]
) -> np.ndarray:
    """Returns log p(features | emotion) as [N, C], up to a constant per row.

    Args:
        simulator: The generator.
        features: Modality name to [N, D].
        modalities: Which of them are seen.
    """
    variance = simulator.settings.difficulty**2
    total = np.zeros((len(next(iter(features.values()))), len(simulator.prior)))
    for modality in modalities:
        offsets = features[modality].astype(np.float64)[:, None, :] - simulator.centres[modality]
        total -= (offsets**2).sum(-1) / (2 * variance)
    return total


def posterior(
    simulator: Simulator,
    conversations: Sequence[Conversation],
    features: dict[str, np.ndarray],
    ceiling: Ceiling,
) -> np.ndarray:
    """Returns P(emotion | what the reader sees) as [N, C], a row per utterance in order.

    Args:
        simulator: The generator that made the conversations.
        conversations: Whose utterances the rows of `features` are, in order.
        features: Modality name to [N, D].
        ceiling: What the reader sees.
    """
    evidence = log_likelihood(simulator, features, ceiling.modalities)
    evidence = np.exp(evidence - evidence.max(1, keepdims=True))
    if not ceiling.context:
        return _normalised(evidence * simulator.prior)
    bounds = np.cumsum([0] + [len(conversation) for conversation in conversations])
    return np.concatenate(
        [
            forward_backward(simulator, _speakers(conversation), evidence[first:last])
            for conversation, first, last in zip(
                conversations, bounds[:-1], bounds[1:], strict=True
            )
        ]
    )


def forward_backward(
    simulator: Simulator, speakers: np.ndarray, evidence: np.ndarray
) -> np.ndarray:
    """Exact smoothing of one conversation over the pair of the two speakers' last emotions.

    Args:
        simulator: The generator.
        speakers: [L] speaker of each utterance, 0 or 1.
        evidence: [L, C] likelihood of each emotion, up to a constant per row.

    Returns:
        [L, C] posterior of each utterance's emotion given the whole conversation.
    """
    transition, length = simulator.transition(), len(speakers)
    before = [np.outer(simulator.prior, simulator.prior)]
    for speaker, seen in zip(speakers, evidence, strict=True):
        own_first = _own_first(before[-1], speaker)
        moved = np.einsum("ab,abn->nb", own_first, transition) * seen[:, None]
        before.append(_own_first(moved / moved.sum(), speaker))
    after = np.ones_like(before[0])
    result = np.empty_like(evidence)
    for turn in reversed(range(length)):
        speaker = speakers[turn]
        result[turn] = _own_first(before[turn + 1] * after, speaker).sum(1)
        later = _own_first(after, speaker) * evidence[turn][:, None]
        moved = np.einsum("abn,nb->ab", transition, later)
        after = _own_first(moved / moved.sum(), speaker)
    return _normalised(result)


def _own_first(pair: np.ndarray, speaker: int) -> np.ndarray:
    """Turns [first speaker, second speaker] into [this speaker, the other], and back."""
    return pair if speaker == 0 else pair.T


def _speakers(conversation: Conversation) -> np.ndarray:
    names = sorted({utterance.speaker for utterance in conversation.utterances})
    return np.array([names.index(utterance.speaker) for utterance in conversation.utterances])


def _normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(1, keepdims=True)
