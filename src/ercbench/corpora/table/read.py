"""Anybody's dialogues from a file with a row per utterance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import Conversation, Corpus, Utterance
from ercbench.corpora.names import composed, names_of, near_equal
from ercbench.corpora.registry import CORPORA
from ercbench.corpora.table.cells import (
    NUMBERS,
    Row,
    check_cells,
    check_times,
    is_missing,
    text_of,
)
from ercbench.corpora.table.parts import renumbered, split_of, with_parts
from ercbench.corpora.table.rows import check_keys, read_csv, read_jsonl
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file

REQUIRED = ("conversation", "utterance", "speaker", "text", "label", "split")
OPTIONAL = ("score", "start", "end", "audio", "video")
SUFFIXES = (".csv", ".tsv", ".jsonl")
_ANEW = "each part numbers its own; called by part and number, as in train/0"


def read_table(
    path: Path, columns: Mapping[str, str] | None = None, labels: Sequence[Any] | None = None
) -> Corpus:
    """Reads a corpus from `*.csv` or `*.tsv` (with a header) or `*.jsonl` (an object per line).

    The turns of a conversation keep the order of their rows. Where utterance ids repeat between
    conversations, all become `<conversation>-<utterance>`. Where each part numbers its
    conversations anew, all become `<part>/<conversation>`.

    Args:
        path: With the columns conversation, utterance, speaker, text, label (empty, `nan` or the
            like: nobody gave one) and split (train, validation or test; the same for a whole
            conversation); also score, start, end (seconds), audio and video (paths, relative to
            the file), if it has them.
        columns: The file's name of a column, by ours, where they differ.
        labels: Label names in the order wanted; by default those found, sorted.

    Returns:
        The corpus, with the split `given`.

    Raises:
        ErcbenchError: A column is missing, a row cannot be read or repeats another, a cell holds
            what it cannot mean, a conversation is in two parts, or a part is empty.
    """
    names = column_names(columns or {})
    rows = with_parts(str(path), rows_of(path, names, REQUIRED))
    check_cells(str(path), rows)
    rows = [cleaned(row) for row in rows]
    if anew := renumbered(str(path), rows):
        rows = anew
    check_keys(path, [(row["conversation"], row["utterance"]) for row in rows])
    conversations = conversations_of(path, rows)
    check_times(str(path), rows)
    return Corpus(
        name=_corpus_name(path.stem),
        labels=_labels(path, rows, labels),
        conversations=conversations,
        splits={"given": split_of(rows)},
        provenance={
            "source": path.name,
            "sha256": sha256_of_file(path),
            "labels": f"column {names['label']}",
            "video": "clips",
            **({"conversations": _ANEW} if anew else {}),
        },
    )


def _corpus_name(stem: str) -> str:
    """Returns a name that no published corpus has, for its counts and scores are not this one's."""
    return f"{stem}-table" if stem.casefold() in CORPORA else stem


def column_names(columns: Mapping[str, str]) -> dict[str, str]:
    """Returns what a table calls each of our columns.

    Raises:
        ErcbenchError: One is none of ours.
    """
    names = {name: name for name in (*REQUIRED, *OPTIONAL)} | dict(columns)
    unknown = sorted(set(names) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise ErcbenchError(
            f"columns: found {', '.join(unknown)}; expected names among "
            f"{', '.join((*REQUIRED, *OPTIONAL))}. Correct columns."
        )
    return names


def rows_of(path: Path, names: Mapping[str, str], required: Sequence[str]) -> list[Row]:
    """Returns the rows by our names of the columns, whatever the file's form.

    Args:
        path: Of the table.
        names: What it calls each of our columns.
        required: Those of our columns that it must have.

    Raises:
        ErcbenchError: The file cannot be read, or lacks a column.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ErcbenchError(
            f"{path}: expected a file called *{', *'.join(SUFFIXES)}. Rename or convert it."
        )
    wanted = [names[name] for name in required]
    if suffix == ".jsonl":
        found: Sequence[Mapping[str, Any]] = read_jsonl(path, wanted)
    else:
        found = read_csv(path, wanted, list(names.values()))
    return [
        {
            ours: text_of(row.get(theirs), f"{path}, data row {index}, '{theirs}'")
            for ours, theirs in names.items()
        }
        for index, row in enumerate(found, start=1)
    ]


def cleaned(row: Row) -> Row:
    """Returns a row with composed names, ids without blanks around, and "" for what is missing."""
    given = {name: row[name] for name in ("label", "audio", "video") if not is_missing(row[name])}
    return {
        **row,
        "conversation": composed(row["conversation"]).strip(),
        "utterance": composed(row["utterance"]).strip(),
        "speaker": composed(row["speaker"]),
        **{name: row[name].strip() for name in NUMBERS},
        **{name: given.get(name, "") for name in ("audio", "video")},
        "label": composed(given.get("label", "")).strip(),
    }


def _labels(path: Path, rows: Sequence[Row], wanted: Sequence[Any] | None) -> tuple[str, ...]:
    """Returns the label names in index order: those wanted, or those found."""
    found = sorted({row["label"] for row in rows} - {""}, key=_in_order)
    if len(found) == 1:
        raise ErcbenchError(
            f"{path}: all labels are '{found[0]}'; a classifier needs two or more. Name another "
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


def conversations_of(path: Path, rows: Sequence[Row]) -> tuple[Conversation, ...]:
    """Returns the conversations of a table, their turns in the order of the rows.

    Args:
        path: Of the table, which recordings are named from.
        rows: Checked and cleaned.
    """
    repeated = len({row["utterance"] for row in rows}) < len(rows)
    turns: dict[str, list[Utterance]] = {}
    for row in rows:
        prefix = f"{row['conversation']}-" if repeated else ""
        utterance = _utterance(path, row, prefix + row["utterance"])
        turns.setdefault(row["conversation"], []).append(utterance)
    return tuple(Conversation(id, tuple(utterances)) for id, utterances in turns.items())


def _utterance(path: Path, row: Row, id: str) -> Utterance:
    numbers = {name: float(row[name]) if row[name] else None for name in NUMBERS}
    return Utterance(
        id=id,
        speaker=row["speaker"],
        text=row["text"],
        label=row["label"] or None,
        audio=str(path.parent / row["audio"]) if row["audio"] else None,
        video=str(path.parent / row["video"]) if row["video"] else None,
        **numbers,
    )
