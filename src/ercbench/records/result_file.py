"""Records as JSON: written and read here and nowhere else, strict about types."""

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from ercbench.errors import ErcbenchError
from ercbench.files import replacing, sha256_of_text
from ercbench.records.added_record import AddedRecord
from ercbench.records.evaluation_record import EvaluationRecord
from ercbench.records.run_record import VERSION, EncoderRecord, RunRecord

AnswersRecord = RunRecord | AddedRecord | EvaluationRecord
"""The record of answers to a test part."""
Record = AnswersRecord | EncoderRecord
AnyRecord = TypeVar("AnyRecord", RunRecord, EncoderRecord)


def write_record(path: Path, record: Record) -> None:
    """Writes a record and its SHA-256 as JSON; NaN, which JSON does not know, becomes null."""
    content = json.loads(_adapters()[record.kind].dump_json(record))
    text = json.dumps({**content, "sha256": _sha256(content)}, indent=2, ensure_ascii=False)
    with replacing(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Reads a record.

    Raises:
        ErcbenchError: The file is damaged, of another version, or of another kind of record.
    """
    text, found = _content(path)
    if found != kind.kind:
        raise _of_another_kind(path, found, kind.kind)
    return _valid(path, text, kind.kind)


def read_answers(path: Path) -> AnswersRecord:
    """Reads the record of answers to a test part: of a run, of an evaluation, or of what was added.

    Raises:
        ErcbenchError: The file is damaged, of another version, or the record of an encoder.
    """
    text, found = _content(path)
    if found not in [kind.kind for kind in get_args(AnswersRecord)]:
        raise _of_another_kind(path, found, RunRecord.kind)
    return _valid(path, text, found)


def read_any_record(path: Path) -> Record:
    """Reads a record of any kind.

    Raises:
        ErcbenchError: The file is damaged or of another version.
    """
    text, found = _content(path)
    if found not in _adapters():
        raise _damaged(path, f"the record of {_article(found)}")
    return _valid(path, text, found)


def _content(path: Path) -> tuple[bytes, Any]:
    """Returns what a file holds, and the kind of its record."""
    try:
        text = path.read_bytes()
        found = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None
    if not isinstance(found, dict):
        raise _damaged(path, "no JSON object")
    _check_version(path, found.get("version"))
    _check_sha256(path, found)
    return text, found.get("kind")


def _check_sha256(path: Path, found: dict[str, Any]) -> None:
    """Refuses what has changed since it was written; a record of before has no SHA-256."""
    content = {key: value for key, value in found.items() if key != "sha256"}
    if content != found and found["sha256"] != _sha256(content):
        raise _damaged(path, "something in it has changed since it was written: another SHA-256")


def _sha256(content: dict[str, Any]) -> str:
    """Returns the SHA-256 of what a record says, however it is laid out."""
    return sha256_of_text(json.dumps(content, sort_keys=True))


def _valid(path: Path, text: bytes, kind: str) -> Any:
    try:
        return _adapters()[kind].validate_json(text, strict=True)
    except ValidationError as error:
        raise _damaged(path, _first(error)) from None


def _check_version(path: Path, version: Any) -> None:
    if version == VERSION and version is not True:
        return
    if isinstance(version, int) and version > VERSION:
        raise ErcbenchError(
            f"{path}: made by a later version of ercbench (record version {version}; expected "
            f"{VERSION}). Read it with that version."
        )
    raise ErcbenchError(
        f"{path}: made by an earlier version of ercbench, or not by it (record version "
        f"{version}; expected {VERSION}). Run again, or read it with that version."
    )


def _of_another_kind(path: Path, found: Any, expected: str) -> ErcbenchError:
    return ErcbenchError(
        f"{path}: the record of {_article(found)}; expected that of {_article(expected)}. Give "
        "another folder."
    )


def _damaged(path: Path, why: str) -> ErcbenchError:
    return ErcbenchError(f"{path}: damaged ({why}). Delete the file and run again.")


def _first(error: ValidationError) -> str:
    """Names the first field that is wrong, what was found and what was expected."""
    first, more = error.errors(include_url=False)[0], error.error_count() - 1
    where = ".".join(map(str, first["loc"])) or "the record"
    said = f"{where} is {first['input']!r:.60}: {first['msg']}"
    if first["type"] == "missing":
        said = f"{where} is missing"
    return f"{said}, and {more} more" if more else said


def _article(kind: Any) -> str:
    known = {
        "run": "a run",
        "encoder": "an encoder",
        "added": "added predictions",
        "evaluation": "an evaluation",
    }
    return known.get(kind, f"{kind!r:.40}")


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    return {kind.kind: TypeAdapter(kind) for kind in get_args(Record)}
