"""The embedded corpus: SIMULATED two-speaker conversations whose best possible score is known.

Emotions follow a chain: a speaker keeps the own last emotion, catches the other's, or draws
afresh. Each modality shows a Gaussian whose centre is shared by the emotions that this modality
confuses. Because all of it is known, `ceilings` computes the exact posterior.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError

EMOTIONS = ("happy", "sad", "neutral", "angry", "excited", "frustrated")

# Emotions of one group look alike to the modality: text cannot tell anger from frustration,
# audio hears arousal, vision sees valence.
CONFUSIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("happy",), ("sad",), ("neutral",), ("angry", "frustrated"), ("excited",)),
    "audio": (("angry", "excited"), ("happy", "frustrated"), ("sad", "neutral")),
    "visual": (("happy", "excited"), ("neutral",), ("sad", "angry", "frustrated")),
}


@dataclass
class SimulationSettings:
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
        difficulty: Standard deviation of the noise, as a multiple of the default.
        text_width: Numbers in a text vector; likewise `audio_width` and `visual_width`.
        seed: Of the corpus; the seed of a training run does not change it.

    Raises:
        ErcbenchError: A setting is outside its range.
    """

    train: int = 600
    validation: int = 100
    test: int = 200
    min_length: int = 4
    max_length: int = 24
    stay: float = 0.6
    catch: float = 0.2
    imbalance: float = 0.2
    difficulty: float = 1.0
    text_width: int = 32
    audio_width: int = 16
    visual_width: int = 16
    seed: int = 7

    def __post_init__(self) -> None:
        limits = {
            "train, validation and test at least 1": min(self.train, self.validation, self.test)
            > 0,
            "1 <= min_length <= max_length": 1 <= self.min_length <= self.max_length,
            "stay and catch at least 0, together at most 1": self.stay >= 0
            and self.catch >= 0
            and self.stay + self.catch <= 1,
            "difficulty above 0": self.difficulty > 0,
            "widths at least 5 (text) and 3 (audio, visual)": self.text_width >= 5
            and min(self.audio_width, self.visual_width) >= 3,
        }
        for limit, holds in limits.items():
            if not holds:
                raise ErcbenchError(
                    f"dataset.simulation: expected {limit}; found {self}. Change that setting."
                )


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


def settings_of(provenance: dict[str, Any]) -> SimulationSettings:
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
