"""The corpora in the field's tuples and lists, from their fields by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ercbench.corpora import meld, meld_clips
from ercbench.corpora.community.layouts import PARTS
from ercbench.corpora.community.plain import as_finite, as_integer, as_text
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.iemocap import LABELS, iemocap_splits, speaker_of
from ercbench.corpora.mosi.contextual import LABELS as POLARITIES
from ercbench.corpora.mosi.raw import mosi_splits, polarity
from ercbench.corpora.table.text import repaired

# MELD's dialogues are numbered through in these files: 0-1038, 1039-1152, 1153-1432.
MELD_OFFSETS = {"test": 1153, "dev": 1039, "train": 0}


def read_tuple(corpus: str, fields: Mapping[str, Any]) -> Corpus:
    """Returns the corpus in a tuple or list of the field.

    Args:
        corpus: `iemocap`, `meld` or `mosi`.
        fields: What each item is, by name.

    Raises:
        ValueError, LookupError, TypeError, AttributeError or ArithmeticError: A dialogue is not
            as expected.
    """
    return {"iemocap": _iemocap, "meld": _meld, "mosi": _mosi}[corpus](fields)


def dialogues_in_order(fields: Mapping[str, Any]) -> list[Any]:
    """Returns the dialogues in order; the files keep theirs in dicts and sets, in none."""
    return sorted(fields["label"] if "label" in fields else fields["score"])


def _iemocap(fields: Mapping[str, Any]) -> Corpus:
    strange = [key for key in fields["label"] if not as_text(key).startswith("Ses0")]
    if strange:
        raise ValueError(f"dialogue '{strange[0]}' is not called Ses01F_... to Ses05M_...")
    highest = max(as_integer(label) for labels in fields["label"].values() for label in labels)
    names = LABELS[4] if highest < len(LABELS[4]) else LABELS[6]
    conversations = [
        _conversation(fields, key, key, names, lambda key, who: speaker_of(key, as_text(who)[0]))
        for key in dialogues_in_order(fields)
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
        return f"{dialogue}:speaker{np.asarray(one_hot, np.float32).argmax()}"

    names = meld.LABELS["emotion"]
    conversations = [
        _conversation(fields, key, _meld_name(key), names, speaker)
        for key in dialogues_in_order(fields)
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
    for key in dialogues_in_order(fields):
        scores = [as_finite(score) for score in np.ravel(fields["score"][key])]
        utterances = tuple(
            Utterance(as_text(id), key, repaired(as_text(text)), polarity(score), score)
            for id, text, score in zip(
                fields["id"][key], fields["sentence"][key], scores, strict=True
            )
        )
        conversations.append(Conversation(as_text(key), utterances))
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
    numbers = [as_integer(label) for label in fields["label"][key]]
    if not all(0 <= label < len(labels) for label in numbers):
        raise ValueError(f"labels of '{key}' are {sorted(set(numbers))}, not 0-{len(labels) - 1}")
    ids = fields["id"][key] if "id" in fields else range(len(numbers))
    return Conversation(
        name,
        tuple(
            Utterance(
                id=id if id.startswith(name) else f"{name}-{id}",
                speaker=speaker(name, who),
                text=repaired(as_text(text)),
                label=labels[label],
            )
            for id, who, text, label in zip(
                map(as_text, ids),
                fields["speaker"][key],
                fields["sentence"][key],
                numbers,
                strict=True,
            )
        ),
    )


def _own_split(fields: Mapping[str, Any]) -> Split | None:
    """Returns the split that the file itself lists, if it lists a validation part."""
    if "validation" not in fields:
        return None
    order, listed = dialogues_in_order(fields), [set(fields[part]) for part in PARTS]
    train, validation, test = (tuple(key for key in order if key in ids) for ids in listed)
    return Split(train, validation, test)


def _meld_name(key: Any) -> str:
    number = as_integer(key)
    if number < 0:
        raise ValueError(f"dialogue {number} has no number from 0")
    part = next(part for part, first in MELD_OFFSETS.items() if number >= first)
    return f"{part}-{number - MELD_OFFSETS[part]}"


def _meld_split(ids: Sequence[str]) -> dict[str, Split]:
    parts = [tuple(id for id in ids if id.startswith(part)) for part in meld_clips.PARTS]
    return {"official": Split(parts[0], parts[1], parts[2])} if all(parts) else {}
