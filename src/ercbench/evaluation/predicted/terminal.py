"""Predictions as a table in the terminal."""

from rich.table import Table
from rich.text import Text

from ercbench.console import printable
from ercbench.evaluation.predicted.result import Predicted, PredictedTurn

MOST_ROWS = 60
LONGEST_TEXT = 80  # characters


def prediction_table(predicted: Predicted, most: int = MOST_ROWS) -> Table:
    """Returns a row per utterance, of long conversations the first ones.

    Args:
        predicted: What to show.
        most: Rows.
    """
    seeds = f", mean of {len(predicted.runs)} seeds" if len(predicted.runs) > 1 else ""
    table = Table(title=Text(f"{predicted.model} on {predicted.name}{seeds}"))
    for column in ("when", "speaker", "text", "prediction"):
        table.add_column(column, overflow="fold")
    table.add_column("%" if predicted.target == "labels" else "score", justify="right")
    table.add_column("read")
    for row, turn in enumerate(predicted.turns[:most]):
        if row and turn.conversation != predicted.turns[row - 1].conversation:
            table.add_section()
        table.add_row(*map(Text, _cells(turn)))
    if len(predicted) > most:
        table.caption = (
            f"{len(predicted) - most} more: out=FOLDER writes them to a table and a page."
        )
    return table


def clock(seconds: float | None) -> str:
    """Returns seconds as `1:02.5`, or `1:00:02.5`; nothing for None."""
    if seconds is None:
        return ""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    before = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{before}:{rest / 10:04.1f}"


def _cells(turn: PredictedTurn) -> tuple[str, ...]:
    own = turn.utterance
    text = printable(own.text)
    short = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    when = clock(own.start) or own.id
    mark = " ↷" if turn.shifts else ""
    share = turn.told.removesuffix(" %").removeprefix("score ")
    return (
        when,
        own.speaker,
        short,
        f"{turn.label}{mark}",
        share,
        "+".join(turn.present) or "nothing",
    )
