"""Anybody's conversations from a csv or jsonl file with a row per utterance."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.corpora.table.rows import check_columns, check_keys, number, read_csv
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file

REQUIRED = ("conversation", "utterance", "speaker", "text", "label", "split")
OPTIONAL = ("score", "start", "end", "audio", "video")
SPELLINGS = {"dev": "validation", "valid": "validation", "val": "validation"}


def read_table(
    path: Path, columns: Mapping[str, str] | None = None, labels: Sequence[str] | None = None
) -> Corpus:
    """Reads a corpus from `*.csv` (UTF-8, with a header) or `*.jsonl` (an object per line).

    The turns of a conversation keep the order of their rows. Where utterance ids repeat between
    conversations, all become `<conversation>-<utterance>`.

    Args:
        path: With the columns conversation, utterance, speaker, text, label (empty: nobody gave
            one) and split (train, validation or test; the same for a whole conversation); also
            score, start, end (seconds), audio and video (paths, relative to the file), if it
            has them.
        columns: The file's name of a column, by ours, where they differ.
        labels: Label names in the order wanted; by default those found, sorted.

    Returns:
        The corpus, with the split `given`.

    Raises:
        ErcbenchError: A column is missing, a row cannot be read or repeats another, a
            conversation is in two parts, or a part is empty.
    """
    names = {name: name for name in (*REQUIRED, *OPTIONAL)} | dict(columns or {})
    unknown = sorted(set(names) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise ErcbenchError(
            f"columns: found {', '.join(unknown)}; expected names among "
            f"{', '.join((*REQUIRED, *OPTIONAL))}. Correct columns."
        )
    rows = [
        {ours: row.get(theirs, "") for ours, theirs in names.items()}
        for row in _rows(path, [names[name] for name in REQUIRED])
    ]
    check_keys(path, [(row["conversation"], row["utterance"]) for row in rows])
    conversations = _conversations(path, rows)
    found = sorted({row["label"] for row in rows} - {""})
    return Corpus(
        name=path.stem,
        labels=tuple(labels or found),
        conversations=conversations,
        splits={"given": _split(path, rows)},
        provenance={
            "source": path.name,
            "sha256": sha256_of_file(path),
            "labels": f"column {names['label']}",
            "video": "clips",
        },
    )


def _rows(path: Path, required: Sequence[str]) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        return read_csv(path, required)
    if path.suffix != ".jsonl":
        raise ErcbenchError(
            f"{path}: expected a file called *.csv or *.jsonl. Rename or convert it."
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ErcbenchError(f"{path}: no such file. Correct the path.") from None
    except UnicodeDecodeError as error:
        raise ErcbenchError(f"{path}: not UTF-8 ({error}). Convert it to UTF-8.") from None
    return [
        _object(path, n, line, required) for n, line in enumerate(lines, start=1) if line.strip()
    ]


def _object(path: Path, line: int, text: str, required: Sequence[str]) -> dict[str, str]:
    try:
        values: Any = json.loads(text)
    except ValueError as error:
        raise ErcbenchError(f"{path}, line {line}: no JSON ({error}). Correct it.") from None
    if not isinstance(values, dict):
        raise ErcbenchError(f"{path}, line {line}: expected a JSON object. Correct it.")
    check_columns(path, list(values), required)
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _conversations(path: Path, rows: list[dict[str, str]]) -> tuple[Conversation, ...]:
    repeated = len({row["utterance"] for row in rows}) < len(rows)
    turns: dict[str, list[Utterance]] = {}
    for index, row in enumerate(rows):
        prefix = f"{row['conversation']}-" if repeated else ""
        utterance = _utterance(path, index, row, prefix + row["utterance"])
        turns.setdefault(row["conversation"], []).append(utterance)
    return tuple(Conversation(id, tuple(utterances)) for id, utterances in turns.items())


def _utterance(path: Path, index: int, row: Mapping[str, str], id: str) -> Utterance:
    where = f"{path}, data row {index + 1}"
    return Utterance(
        id=id,
        speaker=row["speaker"],
        text=row["text"],
        label=row["label"] or None,
        score=number(row["score"], where) if row["score"] else None,
        start=number(row["start"], where) if row["start"] else None,
        end=number(row["end"], where) if row["end"] else None,
        audio=str(path.parent / row["audio"]) if row["audio"] else None,
        video=str(path.parent / row["video"]) if row["video"] else None,
    )


def _split(path: Path, rows: list[dict[str, str]]) -> Split:
    part_of: dict[str, str] = {}
    for index, row in enumerate(rows, start=1):
        part = SPELLINGS.get(row["split"], row["split"])
        known = part_of.setdefault(row["conversation"], part)
        if part not in PARTS or part != known:
            raise ErcbenchError(
                f"{path}, data row {index}: conversation '{row['conversation']}' is in split "
                f"'{row['split']}'; expected one of {', '.join(PARTS)}, the same for all its "
                "utterances. Correct that row."
            )
    train, validation, test = (
        tuple(id for id, part in part_of.items() if part == wanted) for wanted in PARTS
    )
    return Split(train, validation, test)
