"""What a model in a folder was trained on, as far as its name and its files say.

A public model may know the corpora of this field: then its features know the test labels, or at
least the test recordings, and a score would not be what it seems.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ercbench.features.encoders.encoder import Encoder, Spoken
from ercbench.features.encoders.pretrained import MINILM, PUBLIC
from ercbench.files import expanded

TRAINED_ON: dict[str, tuple[str, ...]] = {
    # Speech, without labels, but on the recordings (arXiv 2312.15185); "plus" also with labels.
    "emotion2vec_base": ("iemocap", "meld"),
    "emotion2vec_base_finetuned": ("iemocap", "meld"),
    "emotion2vec_plus_seed": ("iemocap", "meld"),
    "emotion2vec_plus_base": ("iemocap", "meld"),
    "emotion2vec_plus_large": ("iemocap", "meld"),
    # SUPERB's emotion recognition: sessions 2 to 5 of IEMOCAP.
    "wav2vec2-base-superb-er": ("iemocap",),
    "wav2vec2-large-superb-er": ("iemocap",),
    "hubert-base-superb-er": ("iemocap",),
    "hubert-large-superb-er": ("iemocap",),
    # Text.
    "emoberta-base": ("iemocap", "meld"),  # arXiv 2108.12009
    "emoberta-large": ("iemocap", "meld"),
    "emotion-english-distilroberta-base": ("meld",),  # six corpora, MELD among them
    "emotion-english-roberta-large": ("meld",),
    "emotion_text_classifier": ("meld",),  # transcripts of Friends
    # Classifiers of emotion whose training data is none of these corpora.
    "roberta-base-go_emotions": (),
    "twitter-roberta-base-emotion": (),
    "vit-face-expression": (),  # FER-2013
    "wav2vec2-large-robust-12-ft-emotion-msp-dim": (),  # MSP-Podcast
}
"""Public models by the last part of their names, and the corpora they were trained on."""

CORPORA = ("iemocap", "meld", "mosi")
EMOTIONS = {
    *("anger", "angry", "ang", "disgust", "fear", "fearful", "frustrated", "frustration", "happy"),
    *("happiness", "hap", "joy", "sad", "sadness", "surprise", "surprised"),
}
"""Names of classes that tell a classifier of emotion."""


def trained_on(model: str) -> tuple[str, ...] | None:
    """Returns which corpora of `CORPORA` a model was trained on, public ones by name on none.

    A folder that `TRAINED_ON` does not list is judged by its name, by the data sets in the head of
    its README.md, and by its classes.

    Args:
        model: A name in `PUBLIC`, `minilm`, or a folder with config.json, maybe README.md.

    Returns:
        The corpora; None where the model tells emotions apart and nothing says what taught it.
    """
    if model in PUBLIC or model == MINILM:
        return ()
    folder = expanded(model)
    config = _config(folder)
    names = _names(folder, config)
    listed = [TRAINED_ON[name] for name in names if name in TRAINED_ON]
    datasets = _datasets(folder)
    named = [corpus for corpus in CORPORA if _mentions([*names, *datasets], corpus)]
    if listed or named or datasets:
        return tuple(dict.fromkeys([*named, *(corpus for own in listed for corpus in own)]))
    classes = config.get("id2label")
    told = set(map(str.lower, map(str, classes.values()))) if isinstance(classes, dict) else set()
    return None if told & EMOTIONS else ()


def labels_seen(encoder: Encoder, corpus: Spoken) -> list[str] | None:
    """Returns the conversations of a corpus that an encoder learned from; None if nobody knows.

    Of a public model that was trained on the corpus nobody says on which part: all are counted.
    """
    corpora: tuple[str, ...] | None = getattr(encoder, "trained_on", ())
    if corpora is not None and corpus.name in corpora:
        return [conversation.id for conversation in corpus.conversations]
    if corpora is None or encoder.fitted_on is None:
        return None
    return list(encoder.fitted_on)


def _names(folder: Path, config: dict[str, Any]) -> list[str]:
    """Returns what a model may be called: as its folder is, or as its files say."""
    here = folder.resolve()
    cached = [part for part in here.parts if part.startswith("models--")]  # of the hub's cache
    said = str(config.get("_name_or_path") or "")
    called = [here.name, said, *(part.replace("--", "/") for part in cached)]
    return [name.rstrip("/").rsplit("/", 1)[-1].lower() for name in called]


def _mentions(names: Iterable[str], corpus: str) -> bool:
    return any(corpus in re.split("[^a-z0-9]+", name.lower()) for name in names)


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # whoever loads it says what is wrong
    return config if isinstance(config, dict) else {}


def _datasets(folder: Path) -> list[str]:
    """Returns the data sets in the head of a model card."""
    try:
        head = (folder / "README.md").read_text(encoding="utf-8").split("---", 2)[1]
        datasets = yaml.safe_load(head).get("datasets") or []
    except (OSError, ValueError, IndexError, AttributeError, RecursionError, yaml.YAMLError):
        return []
    return [str(name) for name in datasets] if isinstance(datasets, list) else [str(datasets)]
