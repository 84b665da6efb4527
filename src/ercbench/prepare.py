"""A corpus to a feature store: what was said, and a set of features by each encoder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.acoustics import MelEncoder, ProsodyEncoder
from ercbench.features.audio import AudioSettings, Wav2Vec2Encoder
from ercbench.features.encoder import Encoder
from ercbench.features.extract import (
    DEFAULT,
    ExtractionSettings,
    check_material,
    extract,
    merge_shards,
)
from ercbench.features.pretrained import MINILM
from ercbench.features.store import FeatureSet, FeatureStore
from ercbench.features.text import MINILM_SETTINGS, TextEncoder, TextSettings
from ercbench.features.visual import FrameEncoder, VisualSettings

PRESETS: dict[str, dict[str, Callable[[], Encoder]]] = {
    "text": {
        MINILM: lambda: TextEncoder(MINILM_SETTINGS),
        "roberta": lambda: TextEncoder(TextSettings("roberta")),
        "roberta-large": lambda: TextEncoder(TextSettings("roberta-large")),
    },
    "audio": {
        "wav2vec2": lambda: Wav2Vec2Encoder(AudioSettings("wav2vec2")),
        "wav2vec2-960h": lambda: Wav2Vec2Encoder(AudioSettings("wav2vec2-960h")),
        "mel": MelEncoder,
        "prosody": ProsodyEncoder,
    },
    "visual": {
        "frames": lambda: FrameEncoder(VisualSettings("resnet-18"), name="frames"),
        "vit": lambda: FrameEncoder(VisualSettings("vit")),
    },
}
"""The encoders that a name alone calls up, by modality."""

_FROM_FOLDER: dict[str, Callable[[str], Encoder]] = {
    "text": lambda folder: TextEncoder(TextSettings(folder)),
    "audio": lambda folder: Wav2Vec2Encoder(AudioSettings(folder)),
    "visual": lambda folder: FrameEncoder(VisualSettings(folder)),
}


def make_encoder(modality: str, name: str) -> Encoder:
    """Returns an encoder with its usual settings.

    Args:
        modality: `text`, `audio` or `visual`.
        name: A name in `PRESETS`, or the folder of a model.

    Raises:
        ErcbenchError: There is no such modality or encoder.
    """
    if modality not in PRESETS:
        raise ErcbenchError(
            f"No encoders for modality '{modality}'; there are: {', '.join(PRESETS)}. Take one of "
            "these."
        )
    if name in PRESETS[modality]:
        return PRESETS[modality][name]()
    if not Path(name).expanduser().is_dir():
        raise ErcbenchError(
            f"{modality}={name}: neither an encoder ({', '.join(PRESETS[modality])}) nor a folder. "
            "Give one of these names, or the folder of a model."
        )
    return _FROM_FOLDER[modality](name)


def prepare(
    corpus: Corpus,
    folder: Path,
    encoders: Sequence[Encoder],
    settings: ExtractionSettings = DEFAULT,
) -> FeatureStore:
    """Makes a store or goes on with one, and adds a set of features by each encoder.

    Args:
        corpus: What was said.
        folder: The store; a new one, or one of the same corpus.
        encoders: What makes the features; none makes a store of the transcripts alone.
        settings: How the work is divided.

    Returns:
        The store. With `shard` of several it holds parts until `merge` puts them together.

    Raises:
        ErcbenchError: The folder holds another corpus, or an encoder cannot work on this one.
    """
    for encoder in encoders:
        check_material(corpus, encoder)
    store = open_or_create(corpus, folder)
    console = Console(stderr=True)
    console.print(f"{folder}: {describe_corpus(corpus)}", markup=False, soft_wrap=True)
    for encoder in encoders:
        features = extract(store, encoder, settings)
        if features is not None:
            console.print(describe_features(features), markup=False, soft_wrap=True)
    return store


def merge(folder: Path, others: Sequence[Path]) -> list[FeatureSet]:
    """Puts the shards of several machines together in one store.

    Args:
        folder: The store that gets the features; it may hold a shard itself.
        others: Stores of the same corpus with the other shards.

    Raises:
        ErcbenchError: As in `merge_shards`.
    """
    return merge_shards(FeatureStore(folder), others)


def open_or_create(corpus: Corpus, folder: Path) -> FeatureStore:
    """Returns the store of a corpus, made at once so that unfinished features have a place.

    Raises:
        ErcbenchError: There is a store with another corpus.
    """
    if not folder.exists():
        with FeatureStore.creating(folder, corpus):
            pass
    store = FeatureStore(folder)
    if store.corpus != corpus:
        raise ErcbenchError(
            f"{folder}: holds the store of another corpus or of another reading of it "
            f"({describe_corpus(store.corpus)}; now: {describe_corpus(corpus)}). Give another "
            "folder, or delete this one."
        )
    return store


def describe_corpus(corpus: Corpus) -> str:
    """Returns one line: name, counts, labels and splits."""
    utterances = sum(len(conversation) for conversation in corpus.conversations)
    return (
        f"{corpus.name}, {len(corpus.conversations)} conversations, {utterances} utterances, "
        f"{len(corpus.labels)} labels, splits: {', '.join(corpus.splits) or 'none'}"
    )


def describe_features(features: FeatureSet) -> str:
    """Returns one line: name, width, missing rows and what made them."""
    missing = int((~features.present).sum())
    made = features.metadata
    return (
        f"{features.key}: width {features.width}, {missing} of {len(features.present)} missing, "
        f"by {made['encoder']} at {made.get('revision', 'unknown revision')}"
    )
