"""Turns from tables that need neither labels nor a split, with or without recordings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ercbench.corpora.conversation import Conversation
from ercbench.corpora.recordings.turns import UNKNOWN, Turn
from ercbench.corpora.table.cells import Row, check_cells, check_times, is_missing, place_of
from ercbench.corpora.table.columns import column_names
from ercbench.corpora.table.excerpts import shared_recordings, untimed, with_excerpts
from ercbench.corpora.table.read import cleaned, conversations_of, rows_of
from ercbench.corpora.table.rows import check_keys
from ercbench.errors import ErcbenchError

SAID = ("text", "audio", "video")


def read_turns(path: Path, columns: Mapping[str, str]) -> list[Turn]:
    """Reads the turns of a recording from a table with their times.

    Args:
        path: With the columns start and end, in seconds, and speaker and text if it has them.
        columns: The file's name of a column, by ours, where they differ.

    Raises:
        ErcbenchError: A column is missing, or a cell holds what it cannot mean.
    """
    rows = _rows(path, columns, ("start", "end"))
    untimed = [row for row in rows if not (row["start"] and row["end"])]
    if untimed:
        raise ErcbenchError(
            f"{place_of(untimed[0])}: no start or no end ({len(untimed)} such rows). Give "
            "every turn both, in seconds."
        )
    return [
        Turn(row["text"], row["speaker"], float(row["start"]), float(row["end"])) for row in rows
    ]


def read_conversations(path: Path, columns: Mapping[str, str]) -> tuple[Conversation, ...]:
    """Reads conversations from a table, turns in the order of the rows.

    Rows that name the same recording and have a start and an end have that part of it; otherwise
    a recording is one utterance's own.

    Args:
        path: With one of the columns text, audio and video; conversation, utterance, speaker,
            start and end if it has them.
        columns: The file's name of a column, by ours, where they differ.

    Raises:
        ErcbenchError: A column is missing, a row repeats another, a cell holds what it cannot
            mean, or several rows name a recording without saying which part of it.
    """
    rows = _rows(path, columns, ())
    if not any(row[name].strip() for row in rows for name in SAID):
        looked_for = ", ".join(column_names(columns)[name][0] for name in SAID)
        raise ErcbenchError(
            f"{path}: has nothing in the columns {looked_for}. Fill "
            "one of them, or name the file's own with columns.text=NAME."
        )
    check_keys(path, [(row["conversation"], row["utterance"]) for row in rows])
    conversations = conversations_of(rows)
    return with_excerpts(conversations, _shared(path, conversations))


def _rows(path: Path, columns: Mapping[str, str], required: Sequence[str]) -> list[Row]:
    """Returns checked rows, each with a conversation, an utterance and a speaker."""
    names = column_names(columns)
    unread = ("label", "split", "score")
    rows = [
        {
            **row,
            **dict.fromkeys(unread, ""),
            "conversation": row["conversation"] or path.stem,
            "utterance": row["utterance"] or row["row"],
            "speaker": UNKNOWN if is_missing(row["speaker"]) else row["speaker"],
        }
        for row in rows_of(path, names, required)
    ]
    if not rows:
        raise ErcbenchError(f"{path}: holds no row. Write one for each utterance below the header.")
    check_cells(rows)
    found = [cleaned(row) for row in rows]
    check_times(found)
    return found


def _shared(path: Path, conversations: Sequence[Conversation]) -> set[str]:
    """Returns the recordings that several utterances are parts of.

    Raises:
        ErcbenchError: One of these utterances does not say which part is its own.
    """
    shared = shared_recordings(conversations)
    for recording, turns in shared.items():
        if without := untimed(turns):
            raise ErcbenchError(
                f"{path}: {len(turns)} rows name {Path(recording).name}, and {without[0].id} does "
                "not say which part of it is its own. Give each a start and an end, in seconds."
            )
    return set(shared)
