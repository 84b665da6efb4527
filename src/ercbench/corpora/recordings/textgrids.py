"""Turns from Praat's TextGrids: a tier for each speaker, read by praatio."""

from pathlib import Path

from praatio.utilities.constants import INTERVAL_TIER
from praatio.utilities.textgrid_io import parseTextgridStr

from ercbench.corpora.names import composed
from ercbench.corpora.recordings.turns import UNKNOWN, Turn
from ercbench.corpora.table.text import read_unicode
from ercbench.errors import ErcbenchError

# Tiers that hold something finer than turns, as aligners and annotators call them.
NOT_TURNS = ("word", "phone", "phoneme", "syllable", "pos")


def read_textgrid(path: Path) -> list[Turn]:
    """Reads turns: each interval with a text, in its tier's name.

    Tiers of words and phones are left out. Where one tier is left and its name says that it
    holds what is said, such as `text`, nobody is named.

    Raises:
        ErcbenchError: The file is absent, damaged, or has no interval with a text.
    """
    text = read_unicode(path).removeprefix("\ufeff")
    try:
        tiers = [t for t in parseTextgridStr(text)["tiers"] if t["class"] == INTERVAL_TIER]
        turns = [
            Turn(" ".join(said.split()), _speaker(tier["name"]), float(start), float(end))
            for tier in tiers
            if not _is_finer(tier["name"])
            for start, end, said in tier["entries"]
            if said.strip()
        ]
    except Exception as error:  # praatio raises whatever it stumbles over
        raise _unreadable(path, type(error).__name__) from None
    if not turns:
        names = ", ".join(tier["name"] for tier in tiers) or "none"
        raise _unreadable(path, f"no turn in its interval tiers: {names}")
    return turns


def _speaker(tier: str) -> str:
    name = composed(tier.strip())
    return UNKNOWN if name.casefold() in ("", "text", "transcript", "utterances", "turns") else name


def _is_finer(tier: str) -> bool:
    last = tier.casefold().replace("-", " ").replace("_", " ").split()[-1:]
    return bool(last) and last[0].removesuffix("s") in NOT_TURNS


def _unreadable(path: Path, found: str) -> ErcbenchError:
    return ErcbenchError(
        f"{path}: not readable as a TextGrid ({found}). Expected a text file of Praat's with an "
        "interval tier for each speaker; save it so."
    )
