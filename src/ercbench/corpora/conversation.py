"""Utterances, conversations, splits and corpora: the frozen record of what a dataset holds."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_text

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of one speaker.

    Attributes:
        id: Unique in its corpus.
        speaker: Who speaks; the same name is the same person within a corpus.
        text: The transcript; empty when there is none.
        label: One of the corpus's label names, or None where nobody gave a label.
        score: A rating on the corpus's own scale (CMU-MOSI: -3 to 3), or None.
        start: Seconds from the beginning of the recording, or None.
        end: Likewise.
        audio: Path of its sound, or None.
        video: Path of its clip, or None.
    """

    id: str
    speaker: str
    text: str = ""
    label: str | None = None
    score: float | None = None
    start: float | None = None
    end: float | None = None
    audio: str | None = None
    video: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Utterances in the order in which they were spoken; at least one.

    Raises:
        ErcbenchError: There is no utterance.
    """

    id: str
    utterances: tuple[Utterance, ...]

    def __post_init__(self) -> None:
        if not self.utterances:
            raise ErcbenchError(
                f"Conversation '{self.id}' is empty; a conversation has at least one utterance. "
                "Remove it from the corpus and from its splits."
            )

    def __len__(self) -> int:
        return len(self.utterances)


@dataclass(frozen=True, slots=True)
class Split:
    """A partition of a corpus's conversations, by id.

    Attributes:
        train: Conversations that fit the weights and the feature statistics.
        validation: Conversations that choose the epoch and the settings.
        test: Conversations that are read once, at the end.
        unseen_speakers: Whether no speaker of the test part speaks in another part.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    unseen_speakers: bool = False

    def parts(self) -> dict[str, tuple[str, ...]]:
        """Returns the three parts by name, in the order of `PARTS`."""
        return {part: getattr(self, part) for part in PARTS}

    @property
    def sha256(self) -> str:
        """Of the ids of its conversations, part by part."""
        return sha256_of_text(json.dumps(self.parts()))


@dataclass(frozen=True)
class Corpus:
    """A dataset's conversations, its label names in a fixed order, and its named splits.

    Attributes:
        name: Short name, as in `dataset=<name>`.
        labels: Label names; a label's index is its place here.
        conversations: In a fixed order.
        splits: Named partitions; each is checked when the corpus is made.
        provenance: Where it came from, in plain JSON values; `simulated: true` if it is.

    Raises:
        ErcbenchError: An id occurs twice, a label is not in the label set, or a split is not a
            partition of the conversations (or breaks its own claim about speakers).
    """

    name: str
    labels: tuple[str, ...]
    conversations: tuple[Conversation, ...]
    splits: Mapping[str, Split]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "splits", MappingProxyType(dict(self.splits)))
        _check_unique(self.name, "conversation", [c.id for c in self.conversations])
        _check_unique(self.name, "utterance", [u.id for u in self.utterances()])
        self._check_labels()
        for name, split in self.splits.items():
            self._check_split(name, split)

    def utterances(self) -> Iterator[Utterance]:
        """Yields every utterance, conversation by conversation: the order of a manifest."""
        for conversation in self.conversations:
            yield from conversation.utterances

    def split(self, name: str) -> Split:
        """Returns a split by name.

        Raises:
            ErcbenchError: The corpus has no such split; the message lists those it has.
        """
        if name not in self.splits:
            raise ErcbenchError(
                f"Corpus '{self.name}' has no split '{name}'; it has: {', '.join(self.splits)}. "
                "Set the split to one of these: dataset.split to train, split to finetune."
            )
        return self.splits[name]

    def _check_labels(self) -> None:
        for utterance in self.utterances():
            if utterance.label is not None and utterance.label not in self.labels:
                raise ErcbenchError(
                    f"Corpus '{self.name}': utterance '{utterance.id}' has label "
                    f"'{utterance.label}', which is not in the label set "
                    f"({', '.join(self.labels)}). Correct the label or the label set."
                )

    def _check_split(self, name: str, split: Split) -> None:
        where = f"Split '{name}' of corpus '{self.name}'"
        counts = Counter(id for ids in split.parts().values() for id in ids)
        known = {conversation.id for conversation in self.conversations}
        faults = {
            "names unknown conversations": sorted(set(counts) - known),
            "names a conversation more than once": sorted(i for i, n in counts.items() if n > 1),
            "leaves conversations out": sorted(known - set(counts)),
            "has no conversation in": [p for p, ids in split.parts().items() if not ids],
        }
        for fault, found in faults.items():
            if found:
                raise ErcbenchError(f"{where} {fault}: {first_few(found)}. Correct the split.")
        if split.unseen_speakers:
            self._check_unseen_speakers(where, split)

    def _check_unseen_speakers(self, where: str, split: Split) -> None:
        speakers: dict[bool, set[str]] = {True: set(), False: set()}
        tested = set(split.test)
        for conversation in self.conversations:
            speakers[conversation.id in tested].update(u.speaker for u in conversation.utterances)
        shared = sorted(speakers[True] & speakers[False])
        if shared:
            raise ErcbenchError(
                f"{where} claims unseen test speakers, but these also speak in training or "
                f"validation: {first_few(shared)}. Correct the split or drop the claim."
            )


def _check_unique(corpus: str, what: str, ids: list[str]) -> None:
    twice = [id for id, count in Counter(ids).items() if count > 1]
    if twice:
        raise ErcbenchError(
            f"Corpus '{corpus}': {what} id occurs more than once: {first_few(twice)}. "
            "Ids must be unique; rename or remove the repeated ones."
        )


def first_few(names: Sequence[str], most: int = 5) -> str:
    """Returns the first few names and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
