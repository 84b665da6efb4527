"""Which utterance an id of somebody's file means: by our id, or by the field's usual names."""

import re
from collections import defaultdict
from collections.abc import Sequence

from ercbench.corpora.conversation import PARTS, Corpus
from ercbench.corpora.names import composed
from ercbench.corpora.table.parts import SPELLINGS
from ercbench.errors import ErcbenchError

_PART = "train|dev|validation|valid|val|test"
# Conversations that each part numbers anew: MELD's train-0, a table's train/0, somebody's train_0.
_CONVERSATION = re.compile(rf"({_PART})[-/_](.+)")
# dia0_utt0, dia0_utt0.mp4, train_splits/dia0_utt0.mp4, final_videos_testdia0_utt0.
_MELD = re.compile(r"(.*?)dia(\d+)_utt(\d+)(?:\.\w+)?", re.IGNORECASE)
_IN_PATH = re.compile(rf"(?<![a-z])(?:{_PART})(?![a-z])", re.IGNORECASE)


class UtteranceNames:
    """What the utterances of a corpus may be called in a file of features.

    Args:
        corpus: Whose utterances. Those of one split alone are known by part, and those whose
            conversation says its part.
    """

    def __init__(self, corpus: Corpus) -> None:
        only = next(iter(corpus.splits.values())) if len(corpus.splits) == 1 else None
        parts = only.parts() if only else {}
        part_of = {id: part for part, ids in parts.items() for id in ids}
        self.parts: list[str | None] = []
        self.ids: list[str] = []
        self._called: dict[str, list[int]] = defaultdict(list)
        for conversation in corpus.conversations:
            said, number = _numbered(conversation.id)
            part = part_of.get(conversation.id, said)
            name = number if said == part else conversation.id  # no part: train-ride of test
            for turn in conversation.utterances:
                local = turn.id.removeprefix(f"{conversation.id}-")
                self._called[_plain(f"{name}_{local}")].append(len(self.ids))
                self.ids.append(composed(turn.id))
                self.parts.append(part)
        self._row_of = {id: row for row, id in enumerate(self.ids)}

    def rows(self, ids: Sequence[str], part: str | None, where: str) -> list[int | None]:
        """Returns the manifest row that each id means; None for one that means no utterance.

        Args:
            ids: The utterance's own, or as MELD's: `dia0_utt0`, `dia0_utt0.mp4`, `0_0`.
            part: Of which part the file is, if it is of one.
            where: The file, for messages.

        Raises:
            ErcbenchError: One means several utterances, several mean one, or an utterance is of
                another part than the file.
        """
        found = [self._row(id, part, where) for id in ids]
        first: dict[int, str] = {}
        for id, row in zip(ids, found, strict=True):
            if row is not None and first.setdefault(row, id) != id:
                raise ErcbenchError(
                    f"{where}: '{first[row]}' and '{id}' both mean utterance '{self.ids[row]}'. "
                    "Keep one of the rows."
                )
        return found

    def _row(self, id: str, part: str | None, where: str) -> int | None:
        if (row := self._row_of.get(id)) is not None:
            self._check_part(id, row, part, where)
            return row
        named, local = _local(id)
        rows = [row for row in self._called.get(local, ()) if self._may_be(row, part or named)]
        if len(rows) > 1:
            meant = ", ".join(self.ids[row] for row in rows[:3])
            raise ErcbenchError(
                f"{where}: '{id}' means several utterances ({meant}), since each part numbers its "
                "own. Give a file for each part, as in audio.train=FILE audio.dev=FILE "
                "audio.test=FILE."
            )
        return rows[0] if rows else None

    def _may_be(self, row: int, part: str | None) -> bool:
        return part is None or self.parts[row] in (None, part)

    def _check_part(self, id: str, row: int, part: str | None, where: str) -> None:
        if part is not None and self.parts[row] not in (None, part):
            raise ErcbenchError(
                f"{where}: '{id}' is of {self.parts[row]}, in the file of {part}. Give each part "
                "its own file, or one file for all."
            )


def _numbered(conversation: str) -> tuple[str | None, str]:
    """Returns which part a conversation says it is of, if it says so, and its name there."""
    if match := _CONVERSATION.fullmatch(conversation):
        return _part_called(match[1]), match[2]
    return None, conversation


def _local(id: str) -> tuple[str | None, str]:
    """Returns which part an id says, if it says one, and what it is called there."""
    if match := _MELD.fullmatch(id):
        path, dialogue, utterance = match.groups()
        parts = _IN_PATH.findall(path)
        return _part_called(parts[-1]) if parts else None, f"{int(dialogue)}_{int(utterance)}"
    part, name = _numbered(id)
    return part, _plain(name)


def _part_called(word: str) -> str:
    name = SPELLINGS.get(word.casefold(), word.casefold())
    return name if name in PARTS else word


def _plain(name: str) -> str:
    """Returns a name with one mark between its words: `1/2/7-0` is `1_2_7_0`."""
    return re.sub(r"[-/_]", "_", name)
