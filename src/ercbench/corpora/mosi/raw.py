"""CMU-MOSI (Zadeh et al., arXiv 1606.06259) from the raw release: clips, transcripts, labels."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.mosi.contextual import LABELS
from ercbench.corpora.table.cells import number
from ercbench.corpora.table.rows import check_keys, read_csv
from ercbench.corpora.table.text import read_text
from ercbench.errors import ErcbenchError
from ercbench.files import sha256_of_file

ZERO = ("positive", "drop", "context")
SCORES = (-3.0, 3.0)
# The label sheet of the release has no header; MMSA's, which many have instead, has one.
RELEASE_SHEET, MMSA_SHEET = "OpinionLevelSentiment.csv", "label.csv"
_SHEET_COLUMNS = ("start", "end", "video_id", "clip_id", "label")


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PORIA_TEST = _names(
    """
    03bSnISJMiM 0h-zjBukYpk 1iG0909rllw 2WGyTLYerpo 8d-gEyoeBzc 9J25DZhivz8 9c67fiY0wGQ
    Af8D0E4ZXaw BI97DNYfe5I BXuRRbG0Ugk Ci-AH39fi3Y Clx4VXItLTE Dg_0XKD0Mf4 G-xst2euQUc
    GWuJjcEuzt8 I5y0__X72p0 Iu2PFX3z_1s Jkswaaud0hk Njd1F0vZSm4 Nzq88NnDkEk OQvJTdtJ2H4
    Sqr0AcuoNnk Vj1wYRQjB-o ZUXBRvtny7o cM3Yna7AavY cW1FSBF59ik iiK8YX8oH1E tStelxIAHjw
    tmZoasNr4rU vvZ4IcEtiZc vyB00TXsimI
    """
)
# The last 13 of Poria's 62 training videos choose the epoch, as HCAM's authors have it.
PORIA_VALIDATION = _names(
    """
    lXPQBPVc5Cw nbWiPyCm4g0 nzpVDcQ0ywM ob23OKe5a9Q pLTX3ipuDJI phBUpBr1hSo rnaNMUZpvvg
    tIrG4oNLFzE v0zCBqDeKcE wMbj6ajWbic yDtzw_Y-7RU yvsjCA6Y5Fc zhpQhgha_KU
    """
)
STANDARD_VALIDATION = _names(
    """
    WKA5OygbEKI X3j2zQgwYgE ZAIRrfG22O0 ZUXBRvtny7o _dI--eQ6qVU aiEXnCPZubE atnd_PF-Lbs
    bOL9jKpeJRs bvLlb-M3UXU c5xsKMxpXnc
    """
)
STANDARD_TEST = _names(
    """
    c7UH_rxdZv4 cM3Yna7AavY cW1FSBF59ik cXypl4FnoZo d3_k5Xpfmik d6hH302o4v8 dq3Nf_lMPnE
    etzxEpPuc6I f9O3YtZ2VfI f_pcplsH_V0 fvVhgmXxadc iiK8YX8oH1E jUzDDGyPkXU k5Y_838nuGo
    lXPQBPVc5Cw nbWiPyCm4g0 nzpVDcQ0ywM ob23OKe5a9Q pLTX3ipuDJI phBUpBr1hSo rnaNMUZpvvg
    tIrG4oNLFzE tStelxIAHjw tmZoasNr4rU v0zCBqDeKcE vvZ4IcEtiZc vyB00TXsimI wMbj6ajWbic
    yDtzw_Y-7RU yvsjCA6Y5Fc zhpQhgha_KU
    """
)


@dataclass(frozen=True)
class Segment:
    """A row of a label sheet: clip number, score and, where given, seconds in the video."""

    video: str
    clip: int
    score: float
    start: float | None
    end: float | None


def read_raw(root: Path, zero: str = "positive") -> Corpus:
    """Reads the raw release; a video, a monologue, is the conversation.

    Args:
        root: Folder with `Raw/Transcript/Segmented/*.annotprocessed`,
            `Raw/Audio/WAV_16000/Segmented/*.wav` and `Raw/Video/Segmented/*.mp4` (or the folder
            `Raw` itself), and in it or beside it the scores: `OpinionLevelSentiment.csv` of the
            release or MMSA's `label.csv`. Clips may be absent.
        zero: What a score of 0 is: `positive` (as HCAM's authors have it), or neither class:
            `drop` removes the utterance before the sequence is built, `context` keeps it
            without a label.

    Returns:
        The corpus with the splits of `mosi_splits`; every utterance has its score.

    Raises:
        ErcbenchError: A setting is unknown, a file is absent, or a row cannot be read.
    """
    if zero not in ZERO:
        raise ErcbenchError(f"zero: found '{zero}'; expected {', '.join(ZERO)}. Set one of these.")
    raw = root / "Raw" if (root / "Raw").is_dir() else root
    sheet = _find_sheet(root, raw)
    segments = [s for s in _segments(sheet) if zero != "drop" or s.score != 0]
    conversations = tuple(
        _conversation(raw, video, list(group), zero)
        for video, group in groupby(segments, key=lambda segment: segment.video)
    )
    zeros = {"positive": "score >= 0", "drop": "score > 0 (0 dropped)", "context": "score > 0"}
    return Corpus(
        name="mosi",
        labels=LABELS,
        conversations=conversations,
        splits=mosi_splits([conversation.id for conversation in conversations]),
        provenance={
            "source": sheet.name,
            "sha256": sha256_of_file(sheet),
            "labels": f"positive where {zeros[zero]}, negative where below 0",
            "video": "clips",
        },
    )


def polarity(score: float, zero: str = "positive") -> str | None:
    """Returns the class of a score, None for 0 where 0 is neither."""
    if score == 0 and zero != "positive":
        return None
    return LABELS[int(score >= 0)]


def mosi_splits(videos: Sequence[str]) -> dict[str, Split]:
    """Returns `poria` (49 / 13 / 31 videos) and `standard` (52 / 10 / 31), by name.

    A split that would have an empty part is left out.
    """
    rules = {
        "poria": (PORIA_VALIDATION, PORIA_TEST),
        "standard": (STANDARD_VALIDATION, STANDARD_TEST),
    }
    splits = {}
    for name, (validation, test) in rules.items():
        splits[name] = Split(
            train=tuple(v for v in videos if v not in validation and v not in test),
            validation=tuple(v for v in videos if v in validation),
            test=tuple(v for v in videos if v in test),
        )
    return {name: split for name, split in splits.items() if all(split.parts().values())}


def _find_sheet(root: Path, raw: Path) -> Path:
    names = (RELEASE_SHEET, MMSA_SHEET)
    candidates = [folder / name for folder in dict.fromkeys((root, raw)) for name in names]
    for path in candidates:
        if path.is_file():
            return path
    raise ErcbenchError(
        f"root: no scores under '{root}'; looked for {', '.join(map(str, candidates))}. Set root "
        f"to the folder that holds Raw and one of {', '.join(names)}."
    )


def _segments(sheet: Path) -> list[Segment]:
    """Returns the rows in the order of video and clip."""
    if sheet.name == RELEASE_SHEET:
        rows = _release_rows(sheet)
    else:
        rows = read_csv(sheet, ("video_id", "clip_id", "label"))
    check_keys(sheet, [(row["video_id"], row["clip_id"]) for row in rows])
    segments = [_segment(f"{sheet}, data row {i}", row) for i, row in enumerate(rows, start=1)]
    return sorted(segments, key=lambda segment: (segment.video, segment.clip))


def _release_rows(sheet: Path) -> list[dict[str, str]]:
    rows = [row for row in csv.reader(read_text(sheet).splitlines()) if row]
    for line, row in enumerate(rows, start=1):
        if len(row) != len(_SHEET_COLUMNS):
            raise ErcbenchError(
                f"{sheet}, data row {line}: {len(row)} fields; expected {len(_SHEET_COLUMNS)} "
                f"({', '.join(_SHEET_COLUMNS)}). Copy the file again."
            )
    return [dict(zip(_SHEET_COLUMNS, row, strict=True)) for row in rows]


def _segment(where: str, row: dict[str, str]) -> Segment:
    score = number(row["label"], where)
    if not SCORES[0] <= score <= SCORES[1]:
        raise ErcbenchError(f"{where}: score {score}; expected -3 to 3. Correct that row.")
    start, end = (number(row[name], where) if name in row else None for name in ("start", "end"))
    return Segment(row["video_id"], int(number(row["clip_id"], where)), score, start, end)


def _conversation(raw: Path, video: str, segments: list[Segment], zero: str) -> Conversation:
    texts = _texts(raw / "Transcript" / "Segmented" / f"{video}.annotprocessed")
    clips = [f"{video}_{segment.clip}" for segment in segments]
    return Conversation(
        video,
        tuple(
            Utterance(
                id=clip,
                speaker=video,
                text=texts.get(segment.clip, ""),
                label=polarity(segment.score, zero),
                score=segment.score,
                start=segment.start,
                end=segment.end,
                audio=_if_there(raw / "Audio" / "WAV_16000" / "Segmented" / f"{clip}.wav"),
                video=_if_there(raw / "Video" / "Segmented" / f"{clip}.mp4"),
            )
            for clip, segment in zip(clips, segments, strict=True)
        ),
    )


def _texts(path: Path) -> dict[int, str]:
    """Returns the transcript by clip number, from lines such as `3_DELIM_I LOVED IT`."""
    if not path.is_file():
        raise ErcbenchError(
            f"{path}: no such file, though the label sheet names its video. Unpack "
            "Raw/Transcript/Segmented of the release."
        )
    pairs = [line.split("_DELIM_", 1) for line in read_text(path).splitlines() if line.strip()]
    faulty = [pair[0] for pair in pairs if len(pair) < 2 or not pair[0].strip().isdigit()]
    if faulty:
        raise ErcbenchError(
            f"{path}: found the line '{faulty[0]}'; expected a clip number, _DELIM_ and the text. "
            "Copy the file again."
        )
    return {int(clip): text.strip() for clip, text in pairs}


def _if_there(path: Path) -> str | None:
    return str(path) if path.is_file() else None
