"""Recordings of whole conversations, of which each row of a table has its part."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.corpora.excerpt import Excerpt


def shared_recordings(conversations: Sequence[Conversation]) -> dict[str, list[Utterance]]:
    """Returns the recordings that several utterances name, with these utterances."""
    users: dict[str, list[Utterance]] = defaultdict(list)
    for turn in (turn for own in conversations for turn in own.utterances):
        for recording in {turn.audio, turn.video} - {None}:
            users[str(recording)].append(turn)
    return {recording: turns for recording, turns in users.items() if len(turns) > 1}


def untimed(turns: Sequence[Utterance]) -> list[Utterance]:
    """Returns those that have no start or no end."""
    return [turn for turn in turns if turn.start is None or turn.end is None]


def with_excerpts(
    conversations: Sequence[Conversation], recordings: set[str]
) -> tuple[Conversation, ...]:
    """Returns the conversations, each utterance with its own part of these recordings."""
    return tuple(
        replace(own, utterances=tuple(_cut(turn, recordings) for turn in own.utterances))
        for own in conversations
    )


def _cut(turn: Utterance, recordings: set[str]) -> Utterance:
    def part(recording: str | None) -> str | None:
        if recording not in recordings or turn.start is None or turn.end is None:
            return recording
        return str(Excerpt(Path(recording), turn.start, turn.end))

    return replace(turn, audio=part(turn.audio), video=part(turn.video))
