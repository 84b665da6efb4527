"""What a table calls its columns: what was said of it, and guesses from its header."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ercbench.corpora.conversation import first_few
from ercbench.corpora.table.rows import Advise
from ercbench.errors import ErcbenchError

REQUIRED = ("conversation", "utterance", "speaker", "text", "label", "split")
OPTIONAL = ("score", "start", "end", "audio", "video")
COMPOSED = ("conversation", "utterance")
"""What several columns may be the name of together."""

Names = Mapping[str, tuple[str, ...]]
"""By our name of a column, the table's; several make one name together."""

# What people call a column, in small letters and digits, likeliest first. `utterance` may be an
# id or what was said, so ids are guessed before.
_CALLED = {
    "utterance": "utteranceid uttid turnid turn turnno turnindex lineid clipid uttindex utteranceno"
    " utterance id idx index srno",
    "text": "text utterance sentence transcript transcription words content line message said",
    "speaker": "speaker speakerid speakername character who name person actor",
    "label": "label emotion emotionlabel emolabel class annotation category sentiment target",
    "split": "split part subset partition fold mode set",
    "conversation": "conversation conversationid dialogueid dialogue dialogid dialog diaid convid"
    " conv sceneid scene sessionid session videoid",
    "score": "score sentimentscore",
    "start": "start starttime startsec begin begintime onset",
    "end": "end endtime endsec stop offset",
    "audio": "audio audiopath audiofile wav wavpath sound",
    "video": "video videopath videofile clip clippath mp4",
}
# A scene's number begins anew in every episode.
_SCENE, _AROUND_SCENE = ("sceneid", "scene"), ("season", "seasonid", "episode", "episodeid")


def column_names(columns: Mapping[str, Any]) -> Names:
    """Returns what a table calls each of our columns.

    Raises:
        ErcbenchError: One is none of ours, or is given several names where one is expected, or a
            name twice.
    """
    names = {name: (name,) for name in (*REQUIRED, *OPTIONAL)}
    unknown = sorted(set(columns) - set(names))
    if unknown:
        raise ErcbenchError(
            f"columns: found {', '.join(unknown)}; expected names among "
            f"{', '.join((*REQUIRED, *OPTIONAL))}. Correct columns."
        )
    return names | {name: _given(name, value) for name, value in columns.items()}


def advice(names: Names, required: Sequence[str]) -> Advise:
    """Returns what proposes the settings that name the columns of a table, from its header.

    Args:
        names: What the table was said to call them.
        required: Those of our columns that it must have.
    """

    def advise(found: Sequence[str]) -> str:
        guessed = guess(found, {n: own for n, own in names.items() if set(own) <= set(found)})
        unknown = [name for name in required if name not in guessed]
        told = [
            f"columns.{name}={_written(own)}" for name, own in guessed.items() if own != (name,)
        ]
        missing = [f"columns.{name}=\N{HORIZONTAL ELLIPSIS}" for name in unknown if name != "split"]
        line = f"Add, if it is so: {' '.join((*told, *missing))}" if told or missing else ""
        if "split" not in unknown:
            return line
        parts = "no column tells the part: add one, or give root.train=FILE root.dev=FILE "
        return f"{line}; {parts}root.test=FILE" if line else f"{parts.capitalize()}root.test=FILE"

    return advise


def guess(found: Sequence[str], known: Names) -> dict[str, tuple[str, ...]]:
    """Returns which column is probably which of ours, in our order.

    Args:
        found: Names of the table's columns.
        known: Those that were named and are there. One that is only called as ours may yet be
            another of ours: `utterance` is often what was said.
    """
    named = {ours: own for ours, own in known.items() if own != (ours,)}
    free = [name for name in reversed(found) if name not in _all(named) and _plain(name)]
    left = {_plain(name): name for name in free}
    guessed = dict(named)
    for ours, called in _CALLED.items():
        if ours in guessed:
            continue
        match = next((name for name in called.split() if name in left), None)
        if match is None:
            continue
        own = [left.pop(match)]
        if ours == "conversation" and match in _SCENE:
            own = [left.pop(name) for name in _AROUND_SCENE if name in left] + own
        guessed[ours] = tuple(own)
    return {ours: guessed[ours] for ours in (*REQUIRED, *OPTIONAL) if ours in guessed}


def _given(ours: str, value: Any) -> tuple[str, ...]:
    several = isinstance(value, (list, tuple))
    own = tuple(str(name) for name in (value if several else [value]))
    if not all(own) or not own or (several and ours not in COMPOSED):
        raise ErcbenchError(
            f"columns.{ours}: found {value}, expected one name; several only for "
            f"{' and '.join(COMPOSED)}. Correct columns.{ours}."
        )
    if len(set(own)) < len(own):
        raise ErcbenchError(
            f"columns.{ours}: found {first_few(own)}, where a column is named twice. Name each "
            "once."
        )
    return own


def _all(names: Names) -> set[str]:
    return {name for own in names.values() for name in own}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _written(own: Sequence[str]) -> str:
    """Returns names as a shell takes them."""
    text = own[0] if len(own) == 1 else f"[{','.join(own)}]"
    return text if re.fullmatch(r"[\w.,\[\]-]+", text) else shlex.quote(text)
