"""MELD's clips: where they lie, what they are called, and which are broken."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from ercbench.corpora.conversation import first_few
from ercbench.errors import ErcbenchError

Clips = dict[tuple[int, int], dict[str, str]]
"""By dialogue and utterance number, the paths of a clip: its `video`, its `audio`, or both."""

PARTS = ("train", "dev", "test")
FOLDERS = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
# Measured on the release: these clips do not show the utterance of their row.
BROKEN_CLIPS = {
    "train-125-3": "the file is corrupt",
    "train-309-0": "cut wrongly: lasts 41 s",
    "dev-110-7": "has no video",
    "test-38-4": "cut wrongly: lasts 304.9 s",
    "test-155-3": "cut wrongly: lasts 0.0 s",
    "test-220-0": "cut wrongly: lasts 235.1 s",
}
KINDS = {
    "video": (".mp4", ".mkv", ".avi", ".mov", ".webm"),
    "audio": (".wav", ".flac", ".mp3", ".m4a", ".ogg"),
}
_NAME = re.compile(r"(?:final_videos_test)?dia(\d+)_utt(\d+)")


def clip_folders(root: Path, given: Mapping[str, Path]) -> dict[str, Path]:
    """Returns the folders of clips by part, for the parts that have one.

    Args:
        root: MELD's folder, where those that are not given are looked for.
        given: Folders by part.

    Raises:
        ErcbenchError: There is no such part or no such folder.
    """
    unknown = sorted(set(given) - set(PARTS))
    absent = [str(path) for path in given.values() if not path.is_dir()]
    if unknown or absent:
        raise ErcbenchError(
            f"clips: found {', '.join(unknown + absent)}; expected existing folders for some of "
            f"{', '.join(PARTS)}. Correct clips."
        )
    if not given and (root / "clips").is_dir() and find_clips(root / "clips"):
        warnings.warn(
            f"'{root / 'clips'}' is not used: dia0_utt0 exists in every part of MELD. Say which "
            "part these clips are of, for example clips.test=...",
            stacklevel=3,
        )
    folders = dict(given)
    for part, name in FOLDERS.items():
        for path in (root / "clips" / part, root / name, root / part / name):
            if part not in folders and path.is_dir():
                folders[part] = path
    return folders


def find_clips(folder: Path) -> Clips:
    """Returns the clips in a folder, called `dia0_utt0` or `final_videos_testdia0_utt0`.

    The test part of the release has both names; where an utterance has two clips, the plainly
    named one is it.
    """
    clips: Clips = {}
    for path in sorted(folder.iterdir(), key=lambda path: (path.name.startswith("dia"), path.name)):
        match = _NAME.fullmatch(path.stem)
        for kind, suffixes in KINDS.items():
            if match and path.suffix.lower() in suffixes:
                clips.setdefault((int(match[1]), int(match[2])), {})[kind] = str(path)
    return clips


def no_clip_fits(part: str, folder: Path) -> str:
    """Returns what to tell if no utterance of a part has a clip in its folder."""
    found = sorted(path.name for path in folder.iterdir())
    suffixes = ", ".join(suffix for suffixes in KINDS.values() for suffix in suffixes)
    return (
        f"clips.{part}: no utterance of {part} has a clip in '{folder}'; looked for dia0_utt0 and "
        f"so on, or final_videos_testdia0_utt0, ending in {suffixes}; it holds "
        f"{len(found)} file(s): {first_few(found) or 'none'}. Set clips.{part} to the folder of "
        f"{part}'s clips, or rename them."
    )
