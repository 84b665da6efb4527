"""MELD (Poria et al., arXiv 1810.02508) from the three CSV files of its release and its clips."""

import warnings
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.corpora.meld_clips import (
    BROKEN_CLIPS,
    PARTS,
    Clips,
    clip_folders,
    find_clips,
    no_clip_fits,
)
from ercbench.corpora.registry import CorpusReader, PublishedCounts
from ercbench.corpora.source import Source
from ercbench.corpora.table.rows import check_keys, read_csv
from ercbench.corpora.table.text import repaired
from ercbench.corpora.table.times import seconds_of
from ercbench.errors import ErcbenchError
from ercbench.files import expanded, sha256_of_file

# The order in which the field's files number the classes.
LABELS = {
    "emotion": ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"),
    "sentiment": ("neutral", "positive", "negative"),
}
COLUMNS = (
    *("Utterance", "Speaker", "Emotion", "Sentiment"),
    *("Dialogue_ID", "Utterance_ID", "StartTime", "EndTime"),
)


def read_meld(
    root: Path, labels: str = "emotion", clips: Mapping[str, Path] | None = None
) -> Corpus:
    """Reads MELD.

    Dialogue numbers restart in every part, so a conversation is called `train-0` and its
    utterances `train-0-3`; numbers have gaps, as released. Times are those of the episode, not
    of the clip. A clip known to be broken is left out and named in the provenance; the
    utterance stays.

    Args:
        root: Folder with `{train,dev,test}_sent_emo.csv`, or the release (`MELD.Raw`), which
            keeps them and the clips in `train/`, `dev/` and `test/`.
        labels: `emotion` (7 classes) or `sentiment` (3).
        clips: Folder of `dia{D}_utt{U}.mp4` or `.wav` by part, where they are not in the
            release's folders. A part without clips has transcripts only.

    Returns:
        The corpus, with the split `official`.

    Raises:
        ErcbenchError: A setting is unknown, a file is absent, a row cannot be read, or no clip in
            a given folder is of the part.
    """
    if labels not in tuple(LABELS):
        raise ErcbenchError(
            f"labels: MELD has no '{labels}'; expected {' or '.join(LABELS)}. Set one of these."
        )
    files = {part: _find_csv(root, part) for part in PARTS}
    folders = clip_folders(root, clips or {})
    found = {part: find_clips(folder) for part, folder in folders.items()}
    conversations = {
        part: _conversations(files[part], part, labels, found.get(part, {})) for part in PARTS
    }
    for part, folder in folders.items():
        if not any(u.video or u.audio for c in conversations[part] for u in c.utterances):
            _tell(no_clip_fits(part, folder), wrong=part in (clips or {}))
    train, validation, test = (tuple(c.id for c in conversations[part]) for part in PARTS)
    return Corpus(
        name="meld",
        labels=LABELS[labels],
        conversations=tuple(c for part in PARTS for c in conversations[part]),
        splits={"official": Split(train, validation, test)},
        provenance={
            "source": "MELD's CSV files",
            "sha256": {part: sha256_of_file(path) for part, path in files.items()},
            "labels": f"column {labels.capitalize()} of the CSV files",
            "video": "clips",
            "broken_clips": {id: BROKEN_CLIPS[id] for id in BROKEN_CLIPS if _part(id) in folders},
        },
    )


def _find_csv(root: Path, part: str) -> Path:
    name = f"{part}_sent_emo.csv"
    candidates = [root / name, root / part / name, root / "data" / "MELD" / name]
    for path in candidates:
        if path.is_file():
            return path
    raise ErcbenchError(
        f"root: no {name} under '{root}'; looked for {', '.join(map(str, candidates))}. Set root "
        "to the folder with MELD's CSV files or to the unpacked MELD.Raw."
    )


def _tell(message: str, wrong: bool) -> None:
    if wrong:
        raise ErcbenchError(message)
    warnings.warn(message, stacklevel=3)


def _conversations(path: Path, part: str, labels: str, clips: Clips) -> list[Conversation]:
    rows = read_csv(path, COLUMNS)
    check_keys(path, [(row["Dialogue_ID"], row["Utterance_ID"]) for row in rows])
    numbered = sorted(enumerate(rows, start=2), key=lambda item: _numbers(path, *item))
    return [
        Conversation(
            f"{part}-{dialogue}",
            tuple(_utterance(path, line, row, part, labels, clips) for line, row in turns),
        )
        for dialogue, turns in groupby(numbered, key=lambda item: int(item[1]["Dialogue_ID"]))
    ]


def _numbers(path: Path, line: int, row: Mapping[str, str]) -> tuple[int, int]:
    try:
        return int(row["Dialogue_ID"]), int(row["Utterance_ID"])
    except ValueError:
        raise ErcbenchError(
            f"{path}, row {line}: Dialogue_ID '{row['Dialogue_ID']}' and Utterance_ID "
            f"'{row['Utterance_ID']}' are to be whole numbers. Correct that row."
        ) from None


def _utterance(
    path: Path,
    line: int,
    row: Mapping[str, str],
    part: str,
    labels: str,
    clips: Clips,
) -> Utterance:
    where, (dialogue, turn) = f"{path}, row {line}", _numbers(path, line, row)
    id = f"{part}-{dialogue}-{turn}"
    files = {} if id in BROKEN_CLIPS else clips.get((dialogue, turn), {})
    return Utterance(
        id=id,
        speaker=repaired(row["Speaker"]).strip(),
        text=repaired(row["Utterance"]),
        label=row[labels.capitalize()].strip().lower(),
        start=seconds_of(row["StartTime"], where),
        end=seconds_of(row["EndTime"], where),
        audio=files.get("audio"),
        video=files.get("video"),
    )


def _part(id: str) -> str:
    return id.split("-")[0]


def _read(root: Path, clips: Mapping[str, str] | None = None, **settings: Any) -> Source:
    folders = {part: expanded(path).absolute() for part, path in (clips or {}).items()}
    return Source(read_meld(root, clips=folders, **settings))


def _store_name(corpus: Corpus) -> str:
    return "meld" if corpus.labels == LABELS["emotion"] else "meld-sentiment"


CORPORA = (
    CorpusReader(
        name="meld",
        title="MELD",
        summary="scenes of Friends, 7 emotions or 3 sentiments (Poria et al. 2019)",
        read=_read,
        settings=("labels", "clips"),
        store_name=_store_name,
        counts=(
            PublishedCounts(
                "official",
                (1038, 114, 280),
                (9989, 1109, 2610),
                "MELD's authors; M2FNet's 1098 training dialogues are a misprint",
            ),
        ),
    ),
)
