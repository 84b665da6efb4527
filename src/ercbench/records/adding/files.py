"""The files in which people keep predictions."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.corpora.arrays import Npz, open_npz, reading
from ercbench.corpora.community.pickles import read_pickle
from ercbench.corpora.community.plain import as_finite, as_text
from ercbench.corpora.mosi.raw import polarity
from ercbench.corpora.names import composed
from ercbench.corpora.table.text import read_unicode
from ercbench.errors import ErcbenchError
from ercbench.features.store.parquet import check_claims
from ercbench.records.adding.given import GivenPredictions, Key, label_text, of_mapping, of_rows

ID_NAMES = ("utterance_id", "utt_id", "id", "ids", "utterance", "segment", "clip", "filename")
DIALOGUE_NAMES = ("dialogue_id", "conversation", "dialogue", "conversation_id", "video_id", "video")
TURN_NAMES = ("utterance_id", "utterance", "turn", "clip", "clip_id", "segment_id")
LABEL_NAMES = ("predicted", "prediction", "predictions", "pred", "preds", "y_pred")
PROBABILITY_NAMES = ("probabilities", "probability", "probs", "proba", "y_prob", "y_proba", "p")
COLUMN_NAMES = ("labels", "classes", "classes_", "label_names")
PREFIXES = ("p_", "prob_", "proba_", "probability_")
# MMSA's dict of a test: ids, and the scores that were predicted.
MMSA_IDS, MMSA_SCORES = "Ids", "SResults"
MMSA_LABELS = {"negative", "positive"}


def read_predictions(path: Path, labels: Sequence[str]) -> GivenPredictions:
    """Reads predictions.

    Args:
        path: One of
            - csv, tsv or parquet with a row per utterance: its id in `utterance_id` (or
              `utterance`, `id` …), or in two columns such as `Dialogue_ID` and `Utterance_ID`, and
              either a column of probabilities per label, `p_<label>` or the label itself, or a
              label in `predicted` (or `prediction`, `y_pred` …);
            - npz with ids in one array, and `probabilities` [N, C] (with `labels` [C], if it
              says them) or `predicted` [N] in another; or an array per utterance or dialogue;
            - json or pickle with a dict of utterance to prediction, or of dialogue to a list of
              predictions, or MMSA's of a test, with `Ids` and `SResults`.
        labels: Of the corpus.

    Raises:
        ErcbenchError: The file is absent, damaged or of another form.
    """
    content = read_content(path)
    if path.suffix in (".csv", ".tsv", ".parquet"):
        return _of_table(path, content, labels)
    if path.suffix == ".npz":
        return _read_npz(path)
    return _of_content(path, content, labels)


def read_content(path: Path) -> Any:
    """Returns a table, or what a json or pickle holds; of an npz nothing yet.

    Raises:
        ErcbenchError: The file is absent, damaged or of another form.
    """
    readers: dict[str, Callable[[], Any]] = {
        ".csv": lambda: _read_csv(path, ","),
        ".tsv": lambda: _read_csv(path, "\t"),
        ".parquet": lambda: _read_parquet(path),
        ".npz": lambda: None,
        ".json": lambda: _read_json(path),
        ".pkl": lambda: read_pickle(path),
        ".pickle": lambda: read_pickle(path),
    }
    if path.suffix not in readers or not path.is_file():
        raise ErcbenchError(
            f"{path}: expected an existing file called *{', *'.join(readers)}. Correct the path or "
            "convert the file."
        )
    return readers[path.suffix]()


Table = Mapping[str, Sequence[Any]]
"""Column to its N values."""


def _read_csv(path: Path, delimiter: str) -> Table:
    text = read_unicode(path).removeprefix("\ufeff")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ErcbenchError(
            f"{path}: cannot be read as a table ({error}). Save it again."
        ) from None
    head, *body = [row for row in rows if row] or [[]]
    odd = [number for number, row in enumerate(body, start=1) if len(row) != len(head)]
    if odd or not body:
        found = f"data row {odd[0]} has {len(body[odd[0] - 1])} cells" if odd else "there is no row"
        raise ErcbenchError(
            f"{path}: {found}; expected a head of {len(head)} columns and a row per utterance. "
            "Correct the file."
        )
    names = [name.strip() for name in head]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ErcbenchError(f"{path}: two columns are called '{twice[0]}'. Keep one of them.")
    return dict(zip(names, zip(*body, strict=True), strict=True))


def _read_parquet(path: Path) -> Table:
    with reading(path, "parquet"):
        check_claims(path, pq.read_metadata(path))
        table: pa.Table = pq.read_table(path, page_checksum_verification=True)
        return {name: table[name].to_pylist() for name in table.column_names}


def _of_table(path: Path, table: Table, labels: Sequence[str]) -> GivenPredictions:
    names = {name.casefold(): name for name in table}
    keys = keys_of(path, table, names)
    columns = _probability_columns(table, labels)
    if columns:
        cells = [[_share(path, value) for value in table[name]] for name in columns.values()]
        return GivenPredictions(keys, np.array(cells).T, tuple(columns))
    name = _first(names, LABEL_NAMES)
    if name is None:
        raise ErcbenchError(
            f"{path}: its columns ({', '.join(list(table)[:8])}) have no predictions; expected "
            f"p_<label> for each of {', '.join(labels)}, or labels in 'predicted'. Rename them; a "
            "column 'label' is taken for the truth."
        )
    return of_rows(path, keys, table[names[name]])


def keys_of(path: Path, table: Table, names: Mapping[str, str]) -> tuple[Key, ...]:
    """Returns what a table calls its utterances.

    Args:
        path: Where it was read, for messages.
        table: The table.
        names: Its columns, by what they are called in lower case.

    Raises:
        ErcbenchError: No column has ids.
    """
    dialogue, turn = _first(names, DIALOGUE_NAMES), _first(names, TURN_NAMES)
    own = _first(names, ID_NAMES)
    if own is None and turn is None:
        raise ErcbenchError(
            f"{path}: none of its columns ({', '.join(list(table)[:8])}) is called "
            f"{', '.join(ID_NAMES)}. Rename the column of utterance ids."
        )
    ids = _ids(path, table[names[own or turn or ""]])
    numbers = all(id.isdigit() for id in ids)
    if dialogue is None or not numbers:
        return tuple(ids)
    dialogues = _ids(path, table[names[dialogue]])
    return tuple(f"{first}_{second}" for first, second in zip(dialogues, ids, strict=True))


def _ids(path: Path, cells: Sequence[Any]) -> list[str]:
    try:
        return [label_text("" if cell is None else cell) for cell in cells]
    except ValueError as error:
        raise ErcbenchError(
            f"{path}: an id is neither text nor a number ({error}). Correct it."
        ) from None


def _probability_columns(table: Table, labels: Sequence[str]) -> dict[str, str]:
    """Returns label to column, if there is a column for each."""
    said = {composed(name).casefold(): name for name in table}
    for prefix in (*PREFIXES, ""):
        found = {label: said.get(composed(prefix + label).casefold()) for label in labels}
        if all(found.values()):
            return {label: str(name) for label, name in found.items()}
    for prefix in PREFIXES:
        named = {name.removeprefix(prefix): name for name in table if name.startswith(prefix)}
        if named:
            return named
    return {}


def _share(path: Path, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ErcbenchError(
            f"{path}: found {value!r:.40} where a probability was expected. Correct that row."
        ) from None


def _read_npz(path: Path) -> GivenPredictions:
    with open_npz(path) as file:
        names = {name.casefold(): name for name in file.names}
        ids = _first(names, ID_NAMES)
        if ids is None:
            return of_mapping(path, {name: file[name] for name in file.names})
        keys = tuple(as_text(id) for id in file[names[ids]].ravel().tolist())
        return _of_arrays(path, file, names, keys)


def _of_arrays(
    path: Path, file: Npz, names: Mapping[str, str], keys: tuple[Key, ...]
) -> GivenPredictions:
    shares, labels = _first(names, PROBABILITY_NAMES), _first(names, LABEL_NAMES)
    name = shares or labels
    if name is None:
        raise ErcbenchError(
            f"{path}: holds {', '.join(file.names)}; expected 'probabilities' [N, C] or "
            "'predicted' [N] beside the ids. Rename the array."
        )
    values = file[names[name]]
    if values.ndim not in (1, 2) or len(values) != len(keys):
        raise ErcbenchError(
            f"{path}: {len(keys)} ids, but '{names[name]}' has the shape {list(values.shape)}; "
            "expected [N, C] probabilities or [N] labels. Save a row per utterance."
        )
    given = of_rows(path, keys, values.tolist())
    said = _first(names, COLUMN_NAMES)
    if given.labels_only or said is None or file[names[said]].shape != values.shape[1:]:
        return given
    return GivenPredictions(keys, given.values, tuple(map(label_text, file[names[said]].tolist())))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_unicode(path))
    except (ValueError, RecursionError) as error:
        raise ErcbenchError(f"{path}: cannot be read as JSON ({error}). Save it again.") from None


def _of_content(path: Path, content: Any, labels: Sequence[str]) -> GivenPredictions:
    if not isinstance(content, Mapping):
        raise ErcbenchError(
            f"{path}: holds a {type(content).__name__}; expected a dict of utterance to "
            "prediction, or of dialogue to a list of them. Save it so."
        )
    try:
        if {MMSA_IDS, MMSA_SCORES} <= set(content):
            return _of_mmsa(path, content, labels)
        return of_mapping(path, content)
    except (TypeError, ValueError, OverflowError) as error:
        raise ErcbenchError(f"{path}: not a dict of predictions ({error}). Correct it.") from None


def _of_mmsa(path: Path, content: Mapping[str, Any], labels: Sequence[str]) -> GivenPredictions:
    """Returns the polarity of each score, as the corpus's own labels are made of scores."""
    if set(labels) != MMSA_LABELS:
        raise ErcbenchError(
            f"{path}: holds MMSA's scores, which tell {' and '.join(sorted(MMSA_LABELS))}; the "
            f"corpus has {', '.join(labels)}. Give another dataset."
        )
    ids, scores = content[MMSA_IDS], np.ravel(content[MMSA_SCORES]).tolist()
    if len(ids) != len(scores):
        raise ValueError(f"{len(ids)} ids and {len(scores)} scores")
    keys = tuple(as_text(id) for id in ids)
    return GivenPredictions(keys, tuple(str(polarity(as_finite(score))) for score in scores))


def _first(names: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)
