"""What somebody gives to predict on: a recording, a folder of clips, a transcript or a table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import Conversation, Utterance, first_few
from ercbench.corpora.excerpt import Excerpt
from ercbench.corpora.meld_clips import KINDS
from ercbench.corpora.recordings.tables import read_conversations
from ercbench.corpora.recordings.transcript import TIMED, read_lines, read_transcript
from ercbench.corpora.recordings.turns import UNKNOWN, Turn, on_speakers
from ercbench.corpora.table.files import SUFFIXES
from ercbench.errors import ErcbenchError

NO_COLUMNS: Mapping[str, str] = {}
RECORDINGS = {
    "video": (*KINDS["video"], ".m4v", ".3gp", ".mpg", ".mpeg", ".mts", ".ogv"),
    "audio": (*KINDS["audio"], ".aac", ".opus", ".aif", ".aiff", ".wma"),
}
"""Endings of recordings, by the field of an utterance that names them."""


@dataclass(frozen=True)
class Given:
    """Conversations to predict on.

    Attributes:
        name: What was given is called.
        conversations: Unlabelled; at least one.
        recording: That all turns are parts of; None where each has its own, or none.
        notes: What a reader should know of how it was read, a sentence each.
    """

    name: str
    conversations: tuple[Conversation, ...]
    recording: Path | None = None
    notes: tuple[str, ...] = ()

    def utterances(self) -> list[Utterance]:
        """Returns every utterance, conversation by conversation."""
        return [turn for own in self.conversations for turn in own.utterances]


def read_given(
    path: Path, transcript: Path | None = None, columns: Mapping[str, str] = NO_COLUMNS
) -> Given:
    """Reads what is to be predicted on.

    Args:
        path: A recording; a folder of clips, one an utterance, in order of name; a transcript;
            a text with an utterance per line; or a table.
        transcript: Of a recording: its turns. Without one it is one utterance.
        columns: A table's name of a column, by ours, where they differ.

    Raises:
        ErcbenchError: It is absent, of another kind or damaged, or a transcript does not go with
            it.
    """
    if not path.exists():
        raise ErcbenchError(f"input={path}: nothing there. Correct the path.")
    path = path.absolute()
    suffix, kind = path.suffix.lower(), kind_of(path)
    if transcript is not None and kind is None:
        raise ErcbenchError(
            f"transcript={transcript}: goes with one recording; input={path} is none. Name the "
            "recordings in a table instead, with the columns video, text and speaker."
        )
    if path.is_dir():
        return _of_clips(path)
    if kind is not None:
        return _of_recording(path, kind, transcript, columns)
    if suffix in SUFFIXES:
        conversations = read_conversations(path, columns)
        turns = [Turn(u.text, u.speaker) for own in conversations for u in own.utterances]
        return Given(path.name, conversations, notes=tuple(on_speakers(turns)))
    if suffix in TIMED:
        read = read_transcript(path, columns)
        return _of_turns(path, read.turns, read.notes)
    if suffix == ".txt":
        return _of_turns(path, read_lines(path), ())
    known = sorted({*RECORDINGS["video"], *RECORDINGS["audio"], *TIMED, ".txt"})
    raise ErcbenchError(
        f"input={path}: a file of an unknown kind; expected a folder of clips, or a file called "
        f"*{', *'.join(known)}. Convert it."
    )


def kind_of(path: Path) -> str | None:
    """Returns `video` or `audio` for a recording, by its ending; else None."""
    suffix = path.suffix.lower()
    return next((kind for kind, endings in RECORDINGS.items() if suffix in endings), None)


def of_turns(
    path: Path, kind: str, turns: Sequence[Turn], notes: Sequence[str], name: str | None = None
) -> Given:
    """Returns a recording as a conversation whose turns are parts of it."""
    utterances = []
    for number, turn in enumerate(turns, start=1):
        part = Excerpt(path, turn.start or 0.0, turn.end or 0.0)
        utterances.append(_utterance(path, number, turn, **_named(kind, part)))
    conversation = Conversation(path.stem, tuple(utterances))
    return Given(name or path.name, (conversation,), path, (*notes, *on_speakers(turns)))


def _of_recording(
    path: Path, kind: str, transcript: Path | None, columns: Mapping[str, str]
) -> Given:
    if transcript is None:
        note = f"{path.name}: no transcript, so it is read as one utterance."
        turn = Turn("")
        own = _utterance(path, 1, turn, **_named(kind, path))
        conversation = Conversation(path.stem, (own,))
        return Given(path.name, (conversation,), path, (note, *on_speakers([turn])))
    read = read_transcript(transcript, columns)
    return of_turns(path, kind, read.turns, read.notes)


def _of_turns(path: Path, turns: Sequence[Turn], notes: Sequence[str]) -> Given:
    utterances = [_utterance(path, number, turn) for number, turn in enumerate(turns, start=1)]
    conversation = Conversation(path.stem, tuple(utterances))
    return Given(path.name, (conversation,), None, (*notes, *on_speakers(turns)))


def _of_clips(folder: Path) -> Given:
    """Reads a folder as one conversation; files that are no recordings are left out."""
    files = sorted((path for path in folder.iterdir() if path.is_file()), key=_natural)
    clips = [(path, kind) for path in files if (kind := kind_of(path))]
    if not clips:
        found = first_few([path.name for path in files]) or "nothing"
        raise ErcbenchError(
            f"input={folder}: no recording among its files (found {found}). Give a folder of "
            f"clips, called *{', *'.join(KINDS['video'])} or *{', *'.join(KINDS['audio'])}."
        )
    turns = tuple(Utterance(path.name, UNKNOWN, **_named(kind, path)) for path, kind in clips)
    others = [path.name for path in files if not kind_of(path)]
    notes = (
        [f"{folder.name}: left out what is no recording: {first_few(others)}."] if others else []
    )
    notes += on_speakers([Turn("")] * len(turns))
    return Given(folder.name, (Conversation(folder.name, turns),), notes=tuple(notes))


def _utterance(path: Path, number: int, turn: Turn, **recording: Any) -> Utterance:
    return Utterance(
        f"{path.stem}-{number}",
        turn.speaker,
        turn.text,
        start=turn.start,
        end=turn.end,
        **recording,
    )


def _named(kind: str, recording: Path | Excerpt) -> dict[str, Any]:
    return {kind: str(recording)}


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts `dia9` before `dia10`."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]
