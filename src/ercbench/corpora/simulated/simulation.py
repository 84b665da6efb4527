"""The embedded corpus: SIMULATED two-speaker conversations whose best possible score is known.

Emotions follow a chain: a speaker keeps the own last emotion, catches the other's, or draws
afresh. Each modality shows a Gaussian whose centre is shared by the emotions that this modality
confuses. Because all of it is known, `ceilings` computes the exact posterior.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.settings import Count, NonNegative, Positive, Seed, Settings, Share, at_least, require

EMOTIONS = ("happy", "sad", "neutral", "angry", "excited", "frustrated")

# Emotions of one group look alike to the modality: text cannot tell anger from frustration,
# audio hears arousal, vision sees valence.
CONFUSIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("happy",), ("sad",), ("neutral",), ("angry", "frustrated"), ("excited",)),
    "audio": (("angry", "excited"), ("happy", "frustrated"), ("sad", "neutral")),
    "visual": (("happy", "excited"), ("neutral",), ("sad", "angry", "frustrated")),
}


@dataclass(kw_only=True)
class SimulationSettings(Settings):
    """What the simulated corpus is like.

    Attributes:
        train: Number of training conversations.
        validation: Number of validation conversations.
        test: Number of test conversations.
        min_length: Utterances in the shortest conversation.
        max_length: Utterances in the longest; lengths are uniform between the two.
        stay: Probability that a speaker keeps the own last emotion (1 - stay bounds the rate of
            emotion shifts).
        catch: Probability that a speaker takes the other's last emotion.
        imbalance: 0 for equally frequent emotions; each next emotion is exp(-imbalance) times
            as frequent as the one before.
        difficulty: Standard deviation of the noise.
        text_width: Numbers in a text vector; likewise `audio_width` and `visual_width`.
        seed: Of the corpus; the seed of a training run does not change it.
    """

    train: Count
    validation: Count
    test: Count
    min_length: Count
    max_length: Count
    stay: Share
    catch: Share
    imbalance: NonNegative
    difficulty: Positive
    text_width: Annotated[int, at_least(5)]
    audio_width: Annotated[int, at_least(3)]
    visual_width: Annotated[int, at_least(3)]
    seed: Seed

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = self.max_length >= self.min_length
        require("max_length", self.max_length, fits, f"at least min_length={self.min_length}")
        fits = self.stay + self.catch <= 1
        require("catch", self.catch, fits, f"at most 1 together with stay={self.stay}")


class Simulator:
    """The generator: prior, chain and emissions, shared by the corpus and its ceilings.

    Attributes:
        prior: [C] probability of each emotion, also its marginal at every turn.
        centres: Modality name to [C, D] emission means; the noise is N(0, difficulty^2) in
            each of the D directions.
    """

    # Distance of a centre from the origin, in default noise standard deviations.
    SEPARATION = {"text": 1.5, "audio": 1.4, "visual": 1.3}  # noqa: RUF012

    def __init__(self, settings: SimulationSettings) -> None:
        self.settings = settings
        weights = np.exp(-settings.imbalance * np.arange(len(EMOTIONS)))
        self.prior = weights / weights.sum()
        rng = np.random.default_rng([settings.seed, 0])
        self.centres = {modality: self._centres(modality, rng) for modality in CONFUSIONS}

    def _centres(self, modality: str, rng: np.random.Generator) -> np.ndarray:
        width = getattr(self.settings, f"{modality}_width")
        groups = CONFUSIONS[modality]
        directions = np.linalg.qr(rng.normal(size=(width, len(groups))))[0].T
        group_of = {emotion: g for g, group in enumerate(groups) for emotion in group}
        return self.SEPARATION[modality] * directions[[group_of[e] for e in EMOTIONS]]

    def transition(self) -> np.ndarray:
        """Returns P(next own emotion | own last, other's last) as [C, C, C]: [own, other, next]."""
        c, s = len(EMOTIONS), self.settings
        same = np.eye(c)
        fresh = np.broadcast_to(self.prior, (c, c, c))
        return (
            s.stay * same[:, None, :] + s.catch * same[None, :, :] + (1 - s.stay - s.catch) * fresh
        )

    def conversation(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws one conversation.

        Returns:
            [L] speaker (0 or 1) and [L] emotion index per utterance.
        """
        s = self.settings
        length = int(rng.integers(s.min_length, s.max_length + 1))
        speakers = rng.integers(0, 2, length)
        last = rng.choice(len(EMOTIONS), size=2, p=self.prior)
        transition, emotions = self.transition(), np.empty(length, dtype=np.int64)
        for turn, speaker in enumerate(speakers):
            chances = transition[last[speaker], last[1 - speaker]]
            emotions[turn] = last[speaker] = rng.choice(len(EMOTIONS), p=chances)
        return speakers, emotions

    def emit(self, emotions: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draws each modality's [N, D] float32 vectors for [N] emotions."""
        return {
            modality: (
                centres[emotions]
                + rng.normal(scale=self.settings.difficulty, size=(len(emotions), centres.shape[1]))
            ).astype(np.float32)
            for modality, centres in self.centres.items()
        }


def simulate(settings: SimulationSettings) -> tuple[Corpus, dict[str, np.ndarray]]:
    """Makes the simulated corpus and its features.

    Returns:
        The corpus (split `simulated`) and, by modality, [N, D] float32 features in the order of
        `corpus.utterances()`.
    """
    simulator = Simulator(settings)
    rng = np.random.default_rng([settings.seed, 1])
    counts = {part: getattr(settings, part) for part in PARTS}
    ids = {part: tuple(f"{part}-{i:04d}" for i in range(n)) for part, n in counts.items()}
    conversations, emotions = [], []
    for conversation_id in (id for part in PARTS for id in ids[part]):
        speakers, drawn = simulator.conversation(rng)
        conversations.append(_conversation(conversation_id, speakers, drawn))
        emotions.append(drawn)
    corpus = Corpus(
        name="simulated",
        labels=EMOTIONS,
        conversations=tuple(conversations),
        splits={"simulated": Split(**ids, unseen_speakers=True)},
        provenance={"simulated": True, "settings": asdict(settings)},
    )
    return corpus, simulator.emit(np.concatenate(emotions), rng)


def recorded_settings(provenance: dict[str, Any]) -> SimulationSettings:
    """Returns the settings a simulated corpus was made with, from its provenance."""
    return SimulationSettings(**provenance["settings"])


def _conversation(id: str, speakers: np.ndarray, emotions: np.ndarray) -> Conversation:
    return Conversation(
        id,
        tuple(
            Utterance(f"{id}-{turn:02d}", speaker=f"{id}-{'AB'[s]}", label=EMOTIONS[e])
            for turn, (s, e) in enumerate(zip(speakers, emotions, strict=True))
        ),
    )
