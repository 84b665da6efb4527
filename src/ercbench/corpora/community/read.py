"""The pickles that the field passes around, as a corpus and its features."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.corpora import meld
from ercbench.corpora.community import mmsa
from ercbench.corpora.community.layouts import PARTS, Layout, fields_by_name, recognise
from ercbench.corpora.community.pickles import read_pickle
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.iemocap import LABELS, iemocap_splits, speaker_of
from ercbench.corpora.mosi.contextual import LABELS as POLARITIES
from ercbench.corpora.mosi.raw import mosi_splits, polarity
from ercbench.corpora.table.rows import repaired
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file

# MELD's dialogues are numbered through in these files: 0-1038, 1039-1152, 1153-1432.
MELD_OFFSETS = {"test": 1153, "dev": 1039, "train": 0}


@dataclass(frozen=True)
class CommunityFile:
    """What a file of the field holds.

    Attributes:
        corpus: Its conversations, with the splits that its dialogue ids or its own lists give.
        features: `modality:name` to [N, D] float32, a row per utterance of the corpus in order.
        recognised: One line saying what the file was taken for.
        made_up_ids: Whether the file names no utterances, so that they are called by place
            (`Ses01F_impro01-0`); `with_utterance_ids` gives them their real names.
    """

    corpus: Corpus
    features: Mapping[str, np.ndarray]
    recognised: str
    made_up_ids: bool


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
        recognised, made_up_ids = "MMSA's dict; frames averaged", False
    else:
        layout = recognise(path, content)
        fields = fields_by_name(path, content, layout)
        corpus, features = _corpus(path, layout, fields), _features(path, fields)
        recognised, made_up_ids = f"{layout.name} for {layout.corpus}", "id" not in fields
    count = sum(1 for _ in corpus.utterances())
    widths = ", ".join(f"{key} {values.shape[1]}" for key, values in features.items())
    recognised += (
        f"; {len(corpus.conversations)} conversations, {count} utterances; features: "
        f"{widths or 'none'}"
    )
    provenance = {"source": recognised, "sha256": sha256_of_file(path), **corpus.provenance}
    return CommunityFile(replace(corpus, provenance=provenance), features, recognised, made_up_ids)


def with_utterance_ids(corpus: Corpus, ids: Sequence[str]) -> Corpus:
    """Returns the corpus with its utterances called by real ids, matched by place.

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


def _corpus(path: Path, layout: Layout, fields: Mapping[str, Any]) -> Corpus:
    build = {"iemocap": _iemocap, "meld": _meld, "mosi": _mosi}[layout.corpus]
    with _expecting(path, f"{layout.name} for {layout.corpus}"):
        return build(fields)


@contextmanager
def _expecting(path: Path, what: str) -> Iterator[None]:
    """Turns whatever odd content raises into a message that names the file."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ErcbenchError(
            f"{path}: looks like {what}, but a dialogue is not as expected there ({error}). Copy "
            "the file again or check where it is from."
        ) from None


def _iemocap(fields: Mapping[str, Any]) -> Corpus:
    strange = [key for key in fields["label"] if not str(key).startswith("Ses0")]
    if strange:
        raise ValueError(f"dialogue '{strange[0]}' is not called Ses01F_... to Ses05M_...")
    highest = max(int(label) for labels in fields["label"].values() for label in labels)
    names = LABELS[4] if highest < len(LABELS[4]) else LABELS[6]
    conversations = [
        _conversation(fields, key, key, names, lambda key, who: speaker_of(key, str(who)[0]))
        for key in _order(fields)
    ]
    origin = "the file's class numbers, in the order " + ", ".join(names)
    if len(names) == 6:
        origin += "; in the field's files 53 of 648 'happy' are 'xxx' (no agreement) in the release"
    splits = iemocap_splits([conversation.id for conversation in conversations])
    if own := _own_split(fields):
        others = {id[:5] for id in (*own.train, *own.validation)}
        unseen = others.isdisjoint(id[:5] for id in own.test)
        splits["cosmic"] = replace(own, unseen_speakers=unseen)
    return Corpus(
        name="iemocap",
        labels=names,
        conversations=tuple(conversations),
        splits=splits,
        provenance={"labels": origin},
    )


def _meld(fields: Mapping[str, Any]) -> Corpus:
    def speaker(dialogue: str, one_hot: Any) -> str:
        # The vector numbers a dialogue's speakers by appearance; it does not say who they are.
        return f"{dialogue}:speaker{int(np.argmax(one_hot))}"

    names = meld.LABELS["emotion"]
    conversations = [
        _conversation(fields, key, _meld_name(key), names, speaker) for key in _order(fields)
    ]
    return Corpus(
        name="meld",
        labels=names,
        conversations=tuple(conversations),
        splits=_meld_split([c.id for c in conversations]),
        provenance={"labels": "the file's class numbers, in the order " + ", ".join(names)},
    )


def _mosi(fields: Mapping[str, Any]) -> Corpus:
    conversations, own = [], _own_split(fields)
    for key in _order(fields):
        scores = [float(score) for score in np.ravel(fields["score"][key])]
        utterances = tuple(
            Utterance(str(id), key, repaired(text), polarity(score), score)
            for id, text, score in zip(
                fields["id"][key], fields["sentence"][key], scores, strict=True
            )
        )
        conversations.append(Conversation(key, utterances))
    return Corpus(
        name="mosi",
        labels=POLARITIES,
        conversations=tuple(conversations),
        splits=mosi_splits([c.id for c in conversations]) | ({"standard": own} if own else {}),
        provenance={"labels": "positive where score >= 0, else negative"},
    )


def _conversation(
    fields: Mapping[str, Any],
    key: Any,
    name: str,
    labels: Sequence[str],
    speaker: Callable[[str, Any], str],
) -> Conversation:
    numbers = [int(label) for label in fields["label"][key]]
    if not all(0 <= label < len(labels) for label in numbers):
        raise ValueError(f"labels of '{key}' are {sorted(set(numbers))}, not 0-{len(labels) - 1}")
    ids = [str(id) for id in fields["id"][key]] if "id" in fields else map(str, range(len(numbers)))
    return Conversation(
        name,
        tuple(
            Utterance(
                id=id if id.startswith(name) else f"{name}-{id}",
                speaker=speaker(name, who),
                text=repaired(text),
                label=labels[label],
            )
            for id, who, text, label in zip(
                ids, fields["speaker"][key], fields["sentence"][key], numbers, strict=True
            )
        ),
    )


def _own_split(fields: Mapping[str, Any]) -> Split | None:
    """Returns the split that the file itself lists, if it lists a validation part."""
    if "validation" not in fields:
        return None
    parts = [tuple(key for key in _order(fields) if key in set(fields[part])) for part in PARTS]
    return Split(parts[0], parts[1], parts[2])


def _meld_name(key: Any) -> str:
    part = next(part for part, first in MELD_OFFSETS.items() if int(key) >= first)
    return f"{part}-{int(key) - MELD_OFFSETS[part]}"


def _meld_split(ids: Sequence[str]) -> dict[str, Split]:
    parts = [tuple(id for id in ids if id.startswith(part)) for part in meld.PARTS]
    return {"official": Split(parts[0], parts[1], parts[2])} if all(parts) else {}


def _order(fields: Mapping[str, Any]) -> list[Any]:
    """Returns the dialogues in order; the files keep theirs in dicts and sets, in none."""
    return sorted(fields["label"] if "label" in fields else fields["score"])


def _features(path: Path, fields: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns [N, D] float32 by `modality:name`, in the order of the corpus."""
    order, features = _order(fields), {}
    for key in fields:
        if ":" in key:
            try:
                blocks = [np.asarray(fields[key][dialogue], np.float32) for dialogue in order]
                features[key] = np.concatenate(blocks)
            except ValueError as error:
                raise ErcbenchError(
                    f"{path}: the vectors of '{key}' differ in width or are no numbers ({error}); "
                    "expected one width. Copy the file again."
                ) from None
    return features
