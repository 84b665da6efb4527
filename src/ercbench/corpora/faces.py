"""A folder of faces, as CASIA-WebFace comes: a folder per person, pictures in it."""

import hashlib
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance, first_few
from ercbench.errors import ErcbenchError

SUFFIXES = (".jpg", ".jpeg", ".png")
LEAST_IDENTITIES = 2  # of a part: with one, the nearest face is always of the same person


def read_faces(root: Path, validation: float, test: float, seed: int) -> Corpus:
    """Reads faces as a corpus: a conversation per person, an utterance per picture.

    Every picture is decoded once. Those that cannot be, and persons who then have one picture
    only and thus no pair, are left out, with a warning that counts and names them. Files with
    other endings are ignored.

    Args:
        root: Folder of `<identity>/*.jpg` or `*.png`.
        validation: Share of the identities, two at least; likewise `test`.
        test: See `validation`.
        seed: Decides who is in which part.

    Returns:
        A corpus whose labels are the identities, with the split `identities`; no person is in
        two parts. Its provenance has the hash of all pictures.

    Raises:
        ErcbenchError: There is no such folder, or it holds too few identities.
    """
    digest, paths, broken = _checked(_pictures(root))
    by_person: dict[str, list[Path]] = {}
    for path in paths:
        by_person.setdefault(path.parent.name, []).append(path)
    people = {name: own for name, own in by_person.items() if len(own) > 1}
    alone = sorted(by_person.keys() - people.keys())
    _tell("files cannot be read as pictures", [f"{p.parent.name}/{p.name}" for p in broken])
    _tell("identities have one picture only", alone)
    return Corpus(
        name="faces",
        labels=tuple(people),
        conversations=tuple(_conversation(name, own) for name, own in people.items()),
        splits={"identities": _split(root, list(people), validation, test, seed)},
        provenance={"source": "a folder of faces", "pictures": digest},
    )


def _pictures(root: Path) -> list[Path]:
    if not root.is_dir():
        raise ErcbenchError(
            f"source={root}: no such folder. Give the folder that holds a folder of pictures for "
            "each person."
        )
    paths = [path for path in root.glob("*/*") if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise ErcbenchError(
            f"source={root}: no pictures; expected <identity>/*.jpg or *.png in it. Give the "
            "folder that holds a folder for each person."
        )
    return sorted(paths)


def _checked(paths: Sequence[Path]) -> tuple[str, list[Path], list[Path]]:
    """Returns the hash of all pictures, those that can be decoded and those that cannot."""
    digest, good, broken = hashlib.sha256(), [], []
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name}:{len(content)}:".encode() + content)
        try:
            with Image.open(BytesIO(content)) as image:
                image.load()
            good.append(path)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            broken.append(path)
    return digest.hexdigest(), good, broken


def _conversation(name: str, paths: Sequence[Path]) -> Conversation:
    pictures = (Utterance(f"{name}/{p.name}", name, label=name, video=str(p)) for p in paths)
    return Conversation(name, tuple(pictures))


def _split(root: Path, names: list[str], validation: float, test: float, seed: int) -> Split:
    held = [max(LEAST_IDENTITIES, round(share * len(names))) for share in (validation, test)]
    if len(names) < sum(held) + LEAST_IDENTITIES:
        raise ErcbenchError(
            f"source={root}: {len(names)} identities with two readable pictures or more; expected "
            f"{sum(held) + LEAST_IDENTITIES}: {LEAST_IDENTITIES} to train on, {held[0]} to choose "
            f"the epoch and {held[1]} to judge. Add more."
        )
    dealt = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    chosen, judged = dealt[: held[0]], dealt[held[0] : sum(held)]
    return Split(tuple(dealt[sum(held) :]), tuple(chosen), tuple(judged), unseen_speakers=True)


def _tell(what: str, names: Sequence[str]) -> None:
    if names:
        warnings.warn(f"{len(names)} {what} and are left out: {first_few(names)}", stacklevel=3)
