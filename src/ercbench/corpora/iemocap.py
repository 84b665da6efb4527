"""IEMOCAP (Busso et al. 2008) from the full release; its labels and its many splits."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import PARTS, Conversation, Corpus, Split, Utterance
from ercbench.corpora.registry import CorpusReader, PublishedCounts
from ercbench.corpora.source import Source
from ercbench.corpora.table.text import read_text
from ercbench.errors import ErcbenchError

# Names in the order in which the field's files number the classes, with the release's codes.
CODES = {
    6: {
        "hap": "happy",
        "sad": "sad",
        "neu": "neutral",
        "ang": "angry",
        "exc": "excited",
        "fru": "frustrated",
    },
    4: {"hap": "happy", "sad": "sad", "neu": "neutral", "ang": "angry", "exc": "happy"},
}
LABELS = {ways: tuple(dict.fromkeys(codes.values())) for ways, codes in CODES.items()}
OTHERS = ("drop", "context")
SESSIONS = range(1, 6)
# Drawn by COSMIC's authors; no rule gives them.
COSMIC_VALIDATION = (
    *("Ses01M_impro01", "Ses01M_script03_1", "Ses02F_impro02", "Ses02F_impro07"),
    *("Ses02M_script01_2", "Ses03F_impro01", "Ses03M_impro02", "Ses03M_impro08a"),
    *("Ses03M_script02_2", "Ses03M_script03_2", "Ses04F_impro07", "Ses04F_script02_1"),
)
# The last 20 of session 4's 30 dialogues, in alphabetical order, begin here.
DIALOGXL_FIRST_VALIDATION = "Ses04F_script01_3"

_EVALUATION = re.compile(r"^\[([\d.]+) - ([\d.]+)\]\s+(\S+)\s+(\w+)\s+\[")
_TRANSCRIPT = re.compile(r"^(Ses\S+) \[[\d.\-]+\]:\s*(.*)")


@dataclass(frozen=True)
class Turn:
    """A line of an evaluation sheet: an utterance's place and the annotators' emotion code."""

    id: str
    start: float
    end: float
    emotion: str


def read_iemocap(root: Path, labels: int = 6, others: str = "drop") -> Corpus:
    """Reads the full release.

    An utterance's emotion is the one on which the annotators agreed (`xxx` where they did not).
    Utterances follow the order of the transcription. A speaker is called by session and gender
    (`Ses01F`), which is one person. `video` is the recording of the whole dialogue, in which
    `start` and `end` locate the utterance; `audio` is the utterance alone.

    Args:
        root: Folder with `Session1` to `Session5`; splits that need an absent session are left
            out.
        labels: 6 (happy, sad, neutral, angry, excited, frustrated) or 4 (excited merged into
            happy, frustrated not used).
        others: What becomes of utterances of other classes: `drop` removes them before the
            sequence is built, `context` keeps them without a label.

    Returns:
        The corpus, with the splits of `iemocap_splits`.

    Raises:
        ErcbenchError: A setting is unknown, a file is absent or holds no utterances.
    """
    if labels not in tuple(CODES) or others not in OTHERS:
        raise ErcbenchError(
            f"labels, others: IEMOCAP has no {labels}-way reading with others='{others}'; "
            "expected labels 4 or 6 and others 'drop' or 'context'. Set these."
        )
    found: list[Conversation] = []
    codes: Counter[str] = Counter()
    for sheet in _sheets(root):
        turns = _turns(sheet)
        codes.update(turn.emotion for turn in turns)
        kept = [turn for turn in turns if others == "context" or turn.emotion in CODES[labels]]
        if kept:
            found.append(_conversation(sheet, kept, CODES[labels]))
    return Corpus(
        name="iemocap",
        labels=LABELS[labels],
        conversations=tuple(found),
        splits=iemocap_splits([conversation.id for conversation in found]),
        provenance={
            "source": "IEMOCAP full release",
            "labels": "the annotators' agreed emotion in dialog/EmoEvaluation; happy is 'hap'"
            + (" or 'exc'" if labels == 4 else "")
            + ", never 'xxx' (no agreement)",
            "raw_labels": dict(sorted(codes.items())),
            "other_classes": others,
            "video": "whole recordings",
        },
    )


def iemocap_splits(ids: Sequence[str]) -> dict[str, Split]:
    """Returns the splits in use, by name; one that needs an absent session is left out.

    - `cosmic`: test session 5, validation the 12 dialogues that COSMIC's authors drew.
    - `hcam`: train sessions 2-4, validation session 1, test session 5.
    - `dialogxl`: test session 5, validation the last 20 dialogues of session 4 (also EmoBERTa's
      and, by its counts, M2FNet's).
    - `session1` ... `session5`: test that session, validation the one before it (session 5
      before session 1).

    Nobody who speaks in a test part speaks in another part.

    Args:
        ids: Dialogue ids such as `Ses01F_impro01`.
    """
    rules: dict[str, Callable[[str], str]] = {}
    if {_session(id) for id in ids} == set(SESSIONS):
        rules = {"cosmic": _cosmic, "hcam": _hcam, "dialogxl": _dialogxl}
    rules |= {f"session{session}": _fold(session) for session in SESSIONS}
    splits = {name: _split(ids, part_of) for name, part_of in rules.items()}
    return {name: split for name, split in splits.items() if all(split.parts().values())}


def _split(ids: Sequence[str], part_of: Callable[[str], str]) -> Split:
    train, validation, test = (tuple(id for id in ids if part_of(id) == part) for part in PARTS)
    return Split(train, validation, test, unseen_speakers=True)


def speaker_of(dialogue: str, gender: str) -> str:
    """Returns the name of a speaker, `Ses01F`: each session has its own two people."""
    return dialogue[:5] + gender


def _cosmic(id: str) -> str:
    if _session(id) == 5:
        return "test"
    return "validation" if id in COSMIC_VALIDATION else "train"


def _hcam(id: str) -> str:
    return {1: "validation", 5: "test"}.get(_session(id), "train")


def _dialogxl(id: str) -> str:
    if _session(id) == 5:
        return "test"
    late = _session(id) == 4 and id >= DIALOGXL_FIRST_VALIDATION
    return "validation" if late else "train"


def _fold(session: int) -> Callable[[str], str]:
    previous = session - 1 or 5
    return lambda id: {session: "test", previous: "validation"}.get(_session(id), "train")


def _session(id: str) -> int:
    return int(id[3:5])


def _sheets(root: Path) -> list[Path]:
    folders = [root / f"Session{session}" / "dialog" / "EmoEvaluation" for session in SESSIONS]
    # The release also holds "._Ses..." files, leftovers of the Mac it was packed on.
    sheets = [sheet for folder in folders for sheet in sorted(folder.glob("Ses*.txt"))]
    if not sheets:
        raise ErcbenchError(
            f"root: no evaluation sheets under '{root}'; looked for Ses*.txt in "
            f"{', '.join(map(str, folders))}. Set root to the unpacked IEMOCAP_full_release."
        )
    return sheets


def _turns(sheet: Path) -> list[Turn]:
    matches = [_EVALUATION.match(line) for line in read_text(sheet).splitlines()]
    turns = [Turn(m[3], float(m[1]), float(m[2]), m[4]) for m in matches if m]
    if not turns:
        raise ErcbenchError(
            f"{sheet}: no utterances; expected lines such as '[6.2901 - 8.2357]<tab>"
            "Ses01F_impro01_F000<tab>neu<tab>[2.5, 2.5, 2.5]'. Copy the file again."
        )
    return turns


def _conversation(sheet: Path, turns: list[Turn], names: dict[str, str]) -> Conversation:
    session, dialogue = sheet.parents[2], sheet.stem
    texts = _texts(session / "dialog" / "transcriptions" / sheet.name)
    place = {id: index for index, id in enumerate(texts)}
    turns = sorted(turns, key=lambda turn: place.get(turn.id, len(place)))
    video = session / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"
    wavs = session / "sentences" / "wav" / dialogue
    return Conversation(
        dialogue,
        tuple(
            Utterance(
                id=turn.id,
                speaker=speaker_of(dialogue, turn.id.rsplit("_", 1)[1][0]),
                text=texts.get(turn.id, ""),
                label=names.get(turn.emotion),
                start=turn.start,
                end=turn.end,
                audio=_if_there(wavs / f"{turn.id}.wav"),
                video=_if_there(video),
            )
            for turn in turns
        ),
    )


def _texts(path: Path) -> dict[str, str]:
    """Returns the transcript by utterance, in the order in which the turns were taken."""
    if not path.is_file():
        raise ErcbenchError(
            f"{path}: no such file, though its evaluation sheet is there. Unpack "
            "dialog/transcriptions of the release too."
        )
    matches = [_TRANSCRIPT.match(line) for line in read_text(path).splitlines()]
    return {match[1]: match[2].strip() for match in matches if match}


def _if_there(path: Path) -> str | None:
    return str(path) if path.is_file() else None


def _read(root: Path, **settings: Any) -> Source:
    return Source(read_iemocap(root, **settings))


CORPORA = (
    CorpusReader(
        name="iemocap",
        title="IEMOCAP",
        summary="dyadic acted sessions, 6 or 4 emotions (Busso et al. 2008)",
        read=_read,
        settings=("labels", "others"),
        folds=tuple(f"session{session}" for session in SESSIONS),
        store_name=lambda corpus: f"iemocap{len(corpus.labels)}",
        counts=(
            PublishedCounts(
                "cosmic",
                (108, 12, 31),
                (5163, 647, 1623),
                "COSMIC's files, in which 53 'happy' are 'xxx' in the release, one of them in the "
                "test",
                classes=6,
            ),
            PublishedCounts(
                "dialogxl",
                (100, 20, 31),
                (4778, 980, 1622),
                "DialogXL, EmoBERTa, M2FNet, from the release's own labels",
                classes=6,
            ),
            PublishedCounts(
                "hcam",
                (None, None, None),
                (3205, 1085, 1241),
                "HCAM's authors, from the release's own labels; 5531 in all",
                classes=4,
            ),
        ),
    ),
)
