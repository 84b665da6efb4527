"""Predictions as `predictions.csv` and `predictions.parquet`."""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ercbench.evaluation.predicted.result import Predicted
from ercbench.files import replacing

STEM = "predictions"


def write_predictions(predicted: Predicted, folder: Path) -> None:
    """Writes both files, the same rows in each; probabilities of the csv have 6 digits."""
    rows = _rows(predicted)
    with replacing(folder / f"{STEM}.parquet") as temporary:
        pq.write_table(pa.Table.from_pylist(rows, _schema(predicted)), temporary)
    with (
        replacing(folder / f"{STEM}.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _rows(predicted: Predicted) -> list[dict[str, Any]]:
    return [
        {
            "conversation": turn.conversation,
            "id": turn.utterance.id,
            "speaker": turn.utterance.speaker,
            "start": turn.utterance.start,
            "end": turn.utterance.end,
            "text": turn.utterance.text,
            "prediction": turn.label,
            **(
                {"confidence": turn.confidence}
                if turn.score is None
                else {"predicted_score": turn.score}
            ),
            **{f"p_{label}": share for label, share in turn.probabilities.items()},
            "present": "+".join(turn.present),
        }
        for turn in predicted.turns
    ]


def _schema(predicted: Predicted) -> pa.Schema:
    shares = (f"p_{label}" for label in predicted.labels)
    names = ["start", "end", "confidence", "predicted_score", *shares]
    kinds = dict.fromkeys(names, pa.float64())
    return pa.schema([(name, kinds.get(name, pa.string())) for name in _rows(predicted)[0]])


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
