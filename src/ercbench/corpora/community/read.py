"""The pickles that the field passes around, as a corpus and its features."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora.community import mmsa
from ercbench.corpora.community.layouts import fields_by_name, recognise
from ercbench.corpora.community.pickles import read_pickle
from ercbench.corpora.community.tuples import dialogues_in_order, read_tuple
from ercbench.corpora.conversation import Conversation, Corpus
from ercbench.corpora.iemocap import speaker_of
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file


@dataclass(frozen=True)
class CommunityFile:
    """What a file of the field holds.

    Attributes:
        corpus: Its conversations, with the splits that its dialogue ids or its own lists give.
        features: `modality:name` to [N, D] float32, a row per utterance of the corpus in order.
        recognised: One line saying what the file was taken for.
        ids_by_position: Whether the file names no utterances, so that they are called by position
            (`Ses01F_impro01-0`); `with_utterance_ids` gives them their real names.
    """

    corpus: Corpus
    features: Mapping[str, np.ndarray]
    recognised: str
    ids_by_position: bool


def read_community(path: Path) -> CommunityFile:
    """Reads a community pickle, executing nothing in it.

    Understood are COSMIC's lists (with and without RoBERTa features), DialogueRNN's, MMGCN's,
    CFN-ESA's and GCNet's tuples and MMSA's dict. Features in them are of unrecorded origin:
    nobody knows whose labels their encoders saw.

    Raises:
        ErcbenchError: The file asks to run code, is damaged, or is laid out in no known way.
    """
    content = read_pickle(path)
    if mmsa.is_mmsa(content):
        with _expecting(path, "MMSA's dict"):
            corpus, features = mmsa.read(path, content)
        recognised, ids_by_position = "MMSA's dict; frames averaged", False
    else:
        layout = recognise(path, content)
        with _expecting(path, f"{layout.name} for {layout.corpus}"):
            fields = fields_by_name(path, content, layout)
            corpus, features = read_tuple(layout.corpus, fields), _features(path, fields)
        recognised, ids_by_position = f"{layout.name} for {layout.corpus}", "id" not in fields
    count = sum(1 for _ in corpus.utterances())
    widths = ", ".join(f"{key} {values.shape[1]}" for key, values in features.items())
    recognised += (
        f"; {len(corpus.conversations)} conversations, {count} utterances; features: "
        f"{widths or 'none'}"
    )
    provenance = {"source": recognised, "sha256": sha256_of_file(path), **corpus.provenance}
    return CommunityFile(
        replace(corpus, provenance=provenance), features, recognised, ids_by_position
    )


def with_utterance_ids(corpus: Corpus, ids: Sequence[str]) -> Corpus:
    """Returns the corpus with its utterances called by real ids, matched by position.

    Each dialogue must have as many ids as utterances, and where an id tells the speaker
    (IEMOCAP's `Ses01F_impro01_M003`), the speakers must agree.

    Args:
        corpus: From a file that names no utterances.
        ids: Ids that begin with the dialogue's, in the order of the dialogue.

    Raises:
        ErcbenchError: The ids do not fit.
    """
    by_dialogue: dict[str, list[str]] = {}
    for id in ids:
        by_dialogue.setdefault(id[: max(id.rfind("_"), id.rfind("-"))], []).append(id)
    return replace(
        corpus,
        conversations=tuple(
            _renamed(conversation, by_dialogue.get(conversation.id, []))
            for conversation in corpus.conversations
        ),
    )


def _renamed(conversation: Conversation, ids: Sequence[str]) -> Conversation:
    fits = len(ids) == len(conversation) and all(
        not id.startswith("Ses") or utterance.speaker == speaker_of(id, id.rsplit("_", 1)[1][0])
        for id, utterance in zip(ids, conversation.utterances, strict=True)
    )
    if not fits:
        raise ErcbenchError(
            f"Utterance ids: conversation '{conversation.id}' has {len(conversation)} utterances; "
            f"found {len(ids)} ids for it ({', '.join(ids[:3])} ...), which do not fit by number "
            "or by speaker. Give the ids of this very file, in order."
        )
    utterances = tuple(
        replace(utterance, id=id)
        for id, utterance in zip(ids, conversation.utterances, strict=True)
    )
    return Conversation(conversation.id, utterances)


@contextmanager
def _expecting(path: Path, what: str) -> Iterator[None]:
    """Turns whatever odd content raises into a message that names the file."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ErcbenchError(
            f"{path}: looks like {what}, but a dialogue is not as expected there ({error}). Copy "
            "the file again or check where it is from."
        ) from None


def _features(path: Path, fields: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns [N, D] float32 by `modality:name`, in the order of the corpus."""
    order, features = dialogues_in_order(fields), {}
    for key in fields:
        if ":" in key:
            try:
                blocks = [np.asarray(fields[key][dialogue], np.float32) for dialogue in order]
                features[key] = _matrix(np.concatenate(blocks))
            except (ValueError, TypeError) as error:
                raise ErcbenchError(
                    f"{path}: the vectors of '{key}' differ in width or are no numbers ({error}); "
                    "expected one width. Copy the file again."
                ) from None
    return features


def _matrix(values: np.ndarray) -> np.ndarray:
    if values.ndim != 2:
        raise ValueError(f"they make an array of shape {list(values.shape)}")
    return values
