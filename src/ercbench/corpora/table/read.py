"""Anybody's dialogues from files with a row per utterance."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.corpora.names import composed, names_of, near_equal
from ercbench.corpora.registry import CORPORA
from ercbench.corpora.source import Root
from ercbench.corpora.table.cells import (
    NUMBERS,
    TIMES,
    Row,
    check_cells,
    check_times,
    files_of,
    is_missing,
    speaker_of,
    text_of,
)
from ercbench.corpora.table.columns import REQUIRED, Names, advice, column_names
from ercbench.corpora.table.excerpts import shared_recordings, untimed, with_excerpts
from ercbench.corpora.table.files import TableFile, name_of, table_files
from ercbench.corpora.table.parts import renumbered, split_of, with_part
from ercbench.corpora.table.rows import check_keys, read_csv, read_jsonl
from ercbench.corpora.table.times import seconds
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file, sha256_of_text

_ANEW = "each part numbers its own; called by part and number, as in train/0"


def read_table(
    root: Root, columns: Mapping[str, Any] | None = None, labels: Sequence[Any] | None = None
) -> Corpus:
    """Reads a corpus from `*.csv` or `*.tsv` (with a header) or `*.jsonl` (an object per line).

    The turns of a conversation keep the order of their rows. Where utterance ids repeat between
    conversations, all become `<conversation>-<utterance>`. Where each part numbers its
    conversations anew, all become `<part>/<conversation>`. Of a recording that several rows name,
    each has what lies between its start and end.

    Args:
        root: One file or several, see `table_files`, with the columns conversation, utterance,
            speaker, text, label (empty, `nan` or the like: nobody gave one) and split (train,
            validation or test; the same for a whole conversation; needless where each part has a
            file); also score, start, end (seconds or `0:16:16,059`), audio and video (paths,
            relative to the file), if it has them.
        columns: The file's name of a column, by ours, where they differ; several names for
            conversation and utterance, where they are one only together.
        labels: Label names in the order wanted; by default those found, sorted.

    Returns:
        The corpus, with the split `given`.

    Raises:
        ErcbenchError: A column is missing, a row cannot be read or repeats another, a cell holds
            what it cannot mean, a conversation is in two parts, or a part is empty.
    """
    names, files = column_names(columns or {}), table_files(root)
    rows = [row for file in files for row in _rows(file, names)]
    check_cells(rows)
    for number, row in enumerate(rows):  # in place: of a million rows two copies are a gigabyte
        rows[number] = cleaned(row)
    if anew := renumbered(rows):
        rows = anew
    where = files_of(rows) if rows else str(root)
    check_keys(where, [(row["conversation"], row["utterance"]) for row in rows])
    check_times(rows)
    conversations = _with_own_parts(where, conversations_of(rows))
    return Corpus(
        name=_corpus_name(name_of(root, files)),
        labels=_labels(where, rows, labels),
        conversations=conversations,
        splits={"given": split_of(rows)},
        provenance={
            **_origin([file.path for file in files]),
            "labels": f"column {names['label'][0]}",
            "video": "clips",
            **({"conversations": _ANEW} if anew else {}),
        },
    )


def _with_own_parts(
    where: str, conversations: tuple[Conversation, ...]
) -> tuple[Conversation, ...]:
    """Returns the conversations, each utterance with its part of a recording that several name."""
    shared = shared_recordings(conversations)
    timed = {recording for recording, turns in shared.items() if not untimed(turns)}
    if whole := sorted(shared.keys() - timed):
        warnings.warn(
            f"{where}: {len(whole)} recordings, such as {Path(whole[0]).name}, are named by "
            "several rows, not all with start and end; each of these rows gets the whole one.",
            stacklevel=3,
        )
    return with_excerpts(conversations, timed)


def _rows(file: TableFile, names: Names) -> list[Row]:
    """Returns the rows of one file, each with its part."""
    required = [name for name in REQUIRED if name != "split" or file.part is None]
    rows = rows_of(file.path, names, required)
    for number, row in enumerate(rows):
        rows[number] = with_part(row, file.part)
    return rows


def _origin(paths: Sequence[Path]) -> dict[str, str]:
    hashes = [sha256_of_file(path) for path in paths]
    return {
        "source": ", ".join(path.name for path in paths),
        "sha256": hashes[0] if len(hashes) == 1 else sha256_of_text("".join(hashes)),
    }


def _corpus_name(name: str) -> str:
    """Returns a name that no published corpus has, for its counts and scores are not this one's."""
    return f"{name}-table" if name.casefold() in CORPORA else name


def rows_of(path: Path, names: Names, required: Sequence[str]) -> list[Row]:
    """Returns the rows by our names of the columns, whatever the file's form.

    Args:
        path: Of the table.
        names: What it calls each of our columns.
        required: Those of our columns that it must have.

    Raises:
        ErcbenchError: The file cannot be read, or lacks a column.
    """
    wanted = [theirs for name in required for theirs in names[name]]
    advise = advice(names, required)
    if path.suffix.lower() == ".jsonl":
        found: list[Any] = read_jsonl(path, wanted, advise)
    else:
        known = [theirs for own in names.values() for theirs in own]
        found = read_csv(path, wanted, known, advise)
    for number, row in enumerate(found):
        found[number] = _row(path, number + 1, row, names)
    return found


def _row(path: Path, number: int, found: Mapping[str, Any], names: Names) -> Row:
    where = f"{path}, data row {number}"
    row = {"file": str(path), "row": str(number)}
    for ours, own in names.items():
        read = speaker_of if ours == "speaker" else text_of
        cells = [read(found.get(theirs), f"{where}, '{theirs}'") for theirs in own]
        several = len(cells) > 1
        row[ours] = "" if several and any(map(is_missing, cells)) else "/".join(cells)
    return row


def cleaned(row: Row) -> Row:
    """Returns a row with composed names, ids without blanks around, and "" for what is missing."""
    given = {name: row[name] for name in ("label", "audio", "video") if not is_missing(row[name])}
    return {
        **row,
        "conversation": composed(row["conversation"]).strip(),
        "utterance": composed(row["utterance"]).strip(),
        "speaker": composed(row["speaker"]),
        "score": row["score"].strip(),
        **{name: _seconds(row[name]) for name in TIMES},
        **{name: given.get(name, "") for name in ("audio", "video")},
        "label": composed(given.get("label", "")).strip(),
    }


def _seconds(cell: str) -> str:
    return "" if (found := seconds(cell)) is None else str(found)


def _labels(where: str, rows: Sequence[Row], wanted: Sequence[Any] | None) -> tuple[str, ...]:
    """Returns the label names in index order: those wanted, or those found."""
    found = sorted({row["label"] for row in rows} - {""}, key=_in_order)
    if len(found) == 1:
        raise ErcbenchError(
            f"{where}: all labels are '{found[0]}'; a classifier needs two or more. Name another "
            "column with columns.label=NAME, or leave all cells empty to have no labels."
        )
    return tuple(found) if wanted is None else _label_names(wanted)


def _label_names(wanted: Sequence[Any]) -> tuple[str, ...]:
    names = names_of("labels", wanted)
    if isinstance(wanted, str) or len(names) < 2 or any(map(is_missing, names)):
        raise ErcbenchError(
            f"labels={wanted}: expected a list of two or more names, as in labels=[joy,sad]. "
            "Correct labels, or leave it out for those of the table."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    for same in (twice, *near_equal(names)):
        if same:
            raise ErcbenchError(
                f"labels={names}: {', '.join(same)} stands there more than once. Name each label "
                "once."
            )
    return tuple(names)


def _in_order(label: str) -> tuple[float, str]:
    """Numbers by their value, then texts."""
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


def conversations_of(rows: Sequence[Row]) -> tuple[Conversation, ...]:
    """Returns the conversations of a table, their turns in the order of the rows.

    Args:
        rows: Checked and cleaned; recordings are named from the file that a row stands in.
    """
    repeated = len({row["utterance"] for row in rows}) < len(rows)
    turns: dict[str, list[Utterance]] = {}
    for row in rows:
        prefix = f"{row['conversation']}-" if repeated else ""
        utterance = _utterance(row, prefix + row["utterance"])
        turns.setdefault(row["conversation"], []).append(utterance)
    return tuple(Conversation(id, tuple(utterances)) for id, utterances in turns.items())


def _utterance(row: Row, id: str) -> Utterance:
    folder = Path(row["file"]).parent
    numbers = {name: float(row[name]) if row[name] else None for name in NUMBERS}
    return Utterance(
        id=id,
        speaker=row["speaker"],
        text=row["text"],
        label=row["label"] or None,
        audio=str(folder / row["audio"]) if row["audio"] else None,
        video=str(folder / row["video"]) if row["video"] else None,
        **numbers,
    )
