"""Predictions as one page: a timeline, the moments of shift, every utterance, and the recording."""

import os
from collections import Counter
from itertools import cycle, groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ercbench.corpora.conversation import Utterance
from ercbench.corpora.excerpt import excerpt_of
from ercbench.corpora.recordings.given import kind_of
from ercbench.evaluation.page import rendering
from ercbench.evaluation.predicted.result import Predicted, PredictedTurn
from ercbench.evaluation.predicted.terminal import clock
from ercbench.metrics import SCALE

HERE = Path(__file__).parent
# Okabe and Ito's colours, which colour-blind readers tell apart, and that of a sign on each.
COLOURS = (
    ("#999999", "#000"),
    ("#e69f00", "#000"),
    ("#56b4e9", "#000"),
    ("#0072b2", "#fff"),
    ("#f0e442", "#000"),
    ("#009e73", "#000"),
    ("#d55e00", "#000"),
    ("#cc79a7", "#000"),
)


def write_page(predicted: Predicted, folder: Path) -> Path:
    """Writes `index.html` and returns where it is; recordings are linked, not copied.

    Args:
        predicted: What it shows.
        folder: Where it goes; it is made if needed.
    """
    conversations = [
        _conversation(number, id, list(turns), predicted, folder)
        for number, (id, turns) in enumerate(groupby(predicted.turns, lambda t: t.conversation))
    ]
    page = rendering.render(
        HERE / "page.html",
        [rendering.HERE / "base.css", HERE / "page.css"],
        [HERE / "page.js"],
        predicted=predicted,
        speakers=len({(t.conversation, t.utterance.speaker) for t in predicted.turns}),
        conversations=conversations,
        legend=_legend(predicted),
        data={
            "labels": list(predicted.labels),
            "conversations": [own["data"] for own in conversations],
        },
    )
    return rendering.write_index(page, folder)


def _legend(predicted: Predicted) -> list[dict[str, Any]]:
    """Returns every label with its colour, its sign in the timeline, and how often it is said."""
    counts = Counter(turn.label for turn in predicted.turns)
    signs = _signs(predicted.labels)
    return [
        {"label": label, "sign": sign, "count": counts[label], "colour": colour, "ink": ink}
        for label, sign, (colour, ink) in zip(predicted.labels, signs, cycle(COLOURS), strict=False)
    ]


def _signs(labels: tuple[str, ...]) -> list[str]:
    """Returns the shortest beginnings, of two letters at least, that tell labels apart."""
    for length in range(2, max(map(len, labels)) + 1):
        signs = [label[:length] for label in labels]
        if len(set(signs)) == len(signs):
            return signs
    return list(labels)


def _conversation(
    number: int, id: str, turns: list[PredictedTurn], predicted: Predicted, folder: Path
) -> dict[str, Any]:
    links = [_link(turn.utterance, folder) for turn in turns]
    files = list(dict.fromkeys(link for link in links if link))
    speakers = list(dict.fromkeys(turn.utterance.speaker for turn in turns))
    rows = [
        {
            "number": n + 1,
            "anchor": f"turn-{number + 1}-{n + 1}",
            "turn": turn,
            "when": clock(turn.utterance.start),
            "told": turn.told,
            "percent": _height(turn),
            "label": predicted.labels.index(turn.label),
        }
        for n, turn in enumerate(turns)
    ]
    data = {
        "id": id,
        "speakers": speakers,
        "files": [{"link": file, "name": _name(file), "kind": _kind(file)} for file in files],
        "who": [speakers.index(turn.utterance.speaker) for turn in turns],
        "said": [predicted.labels.index(turn.label) for turn in turns],
        "percent": [[round(100 * p) for p in turn.probabilities.values()] for turn in turns],
        "told": [turn.told for turn in turns],
        "height": [_height(turn) for turn in turns],
        "start": [turn.utterance.start for turn in turns],
        "end": [turn.utterance.end for turn in turns],
        "file": [files.index(link) if link else -1 for link in links],
        "whole": [excerpt_of(_recording(turn.utterance)) is None for turn in turns],
    }
    return {"id": id, "number": number + 1, "rows": rows, "data": data, "files": files}


def _height(turn: PredictedTurn) -> int:
    """Returns how sure a turn is, or how far its score is up the scale, in per cent."""
    if turn.score is None:
        return round(100 * turn.confidence)
    low, high = SCALE
    return round(100 * (min(max(turn.score, low), high) - low) / (high - low))


def _recording(utterance: Utterance) -> str:
    return utterance.video or utterance.audio or ""


def _link(utterance: Utterance, folder: Path) -> str | None:
    """Returns the address of an utterance's recording as seen from the page; None without one."""
    named = _recording(utterance)
    if not named:
        return None
    excerpt = excerpt_of(named)
    path = excerpt.path if excerpt else Path(named)
    try:
        return quote(Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix())
    except ValueError:  # on another drive
        return path.absolute().as_uri()


def _name(link: str) -> str:
    return unquote(link.rsplit("/", 1)[-1])


def _kind(link: str) -> str:
    return kind_of(Path(link)) or "video"
