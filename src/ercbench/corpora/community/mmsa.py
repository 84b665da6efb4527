"""MMSA's dict (thuiar/MMSA): train, valid and test, each with arrays by name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.community.plain import as_finite, as_text
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance, first_few
from ercbench.corpora.mosi.contextual import LABELS
from ercbench.corpora.mosi.raw import mosi_splits, polarity
from ercbench.errors import ErcbenchError

PARTS = ("train", "valid", "test")
NEEDED = ("id", "raw_text", "regression_labels")
# MMSA's name of a modality and ours.
MODALITIES = {"text": "text", "audio": "audio", "vision": "visual"}
MOSI_VIDEOS, MOSI_UTTERANCES = 93, 2199


def is_mmsa(content: Any) -> bool:
    """Returns whether this is a dict with MMSA's three parts."""
    return isinstance(content, Mapping) and set(PARTS) <= set(content)


def read(path: Path, content: Mapping[str, Any]) -> tuple[Corpus, dict[str, np.ndarray]]:
    """Turns the dict into a corpus and [N, D] features; a video is the conversation.

    MMSA stores [N, T, D] sequences of words or frames, padded with zeros: a feature here is the
    mean over the frames that are finite and not all zero.

    Args:
        path: Where it was read, for messages.
        content: The dict; ids are `video$_$clip`.

    Raises:
        ErcbenchError: An array is absent or of another length, an id has another form, or a
            video is in two parts.
    """
    rows = [(part, index) for part in PARTS for index in range(_length(path, part, content[part]))]
    keys = [_key(path, as_text(content[part]["id"][index])) for part, index in rows]
    order = sorted(range(len(rows)), key=lambda i: keys[i])
    conversations: dict[str, list[Utterance]] = {}
    parts: dict[str, dict[str, None]] = {part: {} for part in PARTS}
    for i in order:
        (part, index), (video, clip) = rows[i], keys[i]
        conversations.setdefault(video, []).append(_utterance(video, clip, content[part], index))
        parts[part][video] = None
    _check_disjoint(path, parts)
    own = Split(tuple(parts["train"]), tuple(parts["valid"]), tuple(parts["test"]))
    whole = len(conversations) == MOSI_VIDEOS and len(rows) == MOSI_UTTERANCES
    corpus = Corpus(
        name="mosi" if whole else "mmsa",
        labels=LABELS,
        conversations=tuple(Conversation(video, tuple(u)) for video, u in conversations.items()),
        splits=(mosi_splits(list(conversations)) if whole else {}) | {"standard": own},
        provenance={"labels": "positive where regression_labels >= 0, else negative"},
    )
    features = {
        f"{ours}:mmsa": np.concatenate([mean_over_frames(content[p][theirs]) for p in PARTS])[order]
        for theirs, ours in MODALITIES.items()
        if all(theirs in content[part] for part in PARTS)
    }
    return corpus, features


def mean_over_frames(values: Any) -> np.ndarray:
    """Returns the mean [N, D] over the real frames of [N, T, D]; NaN where there is none."""
    frames = np.asarray(values, dtype=np.float32)
    if frames.ndim == 2:
        return frames
    real = np.isfinite(frames).all(-1) & (frames != 0).any(-1)
    total = np.where(real[..., None], frames, 0).sum(1)
    count = real.sum(1, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _length(path: Path, part: str, arrays: Mapping[str, Any]) -> int:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"part '{part}' is a {type(arrays).__name__}")
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise ErcbenchError(
            f"{path}: part '{part}' lacks {', '.join(missing)}; it holds "
            f"{first_few(sorted(map(str, arrays)))}, expected MMSA's {', '.join(NEEDED)}. MulT's "
            "and MultiBench's dicts are without transcripts: give MMSA's own file, or prepare the "
            "corpus from its release and import these arrays as npz with utterance ids."
        )
    names = [name for name in (*NEEDED, *MODALITIES) if name in arrays]
    lengths = {name: len(arrays[name]) for name in names}
    if len(set(lengths.values())) > 1:
        raise ErcbenchError(
            f"{path}: part '{part}' has arrays of unequal length {lengths}. Copy the file again."
        )
    return lengths["id"]


def _key(path: Path, id: str) -> tuple[str, int]:
    video, mark, clip = id.rpartition("$_$")
    if not mark or not clip.isdigit():
        raise ErcbenchError(
            f"{path}: id '{id}'; expected video$_$clip with a clip number. Correct the ids."
        )
    return video, int(clip)


def _utterance(video: str, clip: int, arrays: Mapping[str, Any], index: int) -> Utterance:
    score = as_finite(np.ravel(arrays["regression_labels"][index])[0])
    text = as_text(arrays["raw_text"][index])
    return Utterance(f"{video}_{clip}", video, text, polarity(score), score)


def _check_disjoint(path: Path, parts: Mapping[str, Iterable[str]]) -> None:
    videos = Counter(video for part in PARTS for video in parts[part])
    shared = sorted(video for video, count in videos.items() if count > 1)
    if shared:
        raise ErcbenchError(
            f"{path}: video(s) in more than one part: {', '.join(shared[:5])}; a conversation "
            "belongs to one part. Split the file by video."
        )
