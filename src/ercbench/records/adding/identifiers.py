"""Utterances by the ids that the field spells in many ways."""

import re
from collections import Counter
from collections.abc import Sequence

from ercbench.corpora.conversation import Conversation
from ercbench.corpora.names import composed
from ercbench.records.adding.given import Key

_FOLDERS = re.compile(r"^.*[/\\]")
_ENDING = re.compile(r"\.(?:mp4|wav|avi|flv|mkv|mp3|m4a|pt|npy|csv|txt)$", re.IGNORECASE)
_MELD = re.compile(r"(?<![a-z])dia0*(\d+)(?:[-_ ]*utt0*(\d+))?$", re.IGNORECASE)
_BETWEEN = re.compile(r"[-_$,: \[\]()]+")
_PART = re.compile(r"^(?:train|dev|val|valid|validation|test)_", re.IGNORECASE)


def canonical(id: str) -> str:
    """Returns one spelling for all that mean the same.

    `dia0_utt3.mp4`, `0_3`, `0-3` are `0_3`; MMSA's `video$_$3` and `video[3]` are `video_3`;
    `Session5/Ses05F_impro01_F000.wav` is `Ses05F_impro01_F000`. Case is kept, as YouTube's ids
    need it.
    """
    name = _ENDING.sub("", _FOLDERS.sub("", composed(id).strip()))
    name = _MELD.sub(lambda found: "_".join(filter(None, found.groups())), name)
    return _BETWEEN.sub("_", re.sub(r"[\])]$", "", name))


class TestUtterances:
    """Which utterance of a test part an id means.

    Args:
        conversations: Of the test part.
    """

    __test__ = False  # for pytest, no class of tests

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        said = [(own.id, utterance.id) for own in conversations for utterance in own.utterances]
        self.ids = [id for _, id in said]
        self._utterances = _Spellings(self.ids)
        self._pairs = _Spellings([f"{dialogue}_{id}" for dialogue, id in said])
        self._dialogues = _Spellings([own.id for own in conversations])
        self._lengths = [len(own) for own in conversations]

    def row(self, key: Key) -> int | None:
        """Returns the row of an utterance in the test part; None if it is not of it."""
        if isinstance(key, str):
            row = self._utterances.number(key)
            return self._pairs.number(key) if row is None else row
        number = self._dialogues.number(key[0])
        if number is None or key[1] >= self._lengths[number]:
            return None
        return sum(self._lengths[:number]) + key[1]

    def length(self, dialogue: str) -> int | None:
        """Returns the number of utterances of a dialogue; None if it is not of the test part."""
        number = self._dialogues.number(dialogue)
        return None if number is None else self._lengths[number]


class _Spellings:
    """Ids by what they are called, and by other spellings that only one of them has."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.exact = {composed(id): number for number, id in enumerate(ids)}
        self.others = _unambiguous([_without_part(id) for id in ids])
        self.others |= _unambiguous([canonical(id) for id in ids])

    def number(self, id: str) -> int | None:
        return self.exact.get(composed(id), self.others.get(canonical(id)))


def _unambiguous(names: Sequence[str]) -> dict[str, int]:
    counts = Counter(names)
    return {name: number for number, name in enumerate(names) if counts[name] == 1}


def _without_part(id: str) -> str:
    return _PART.sub("", canonical(id))
