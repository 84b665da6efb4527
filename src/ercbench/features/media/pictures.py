"""Mel pictures of a corpus's utterances: made once, or given, and read from the disk."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from ercbench.corpora.arrays import open_npz
from ercbench.corpora.conversation import Corpus, first_few
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.cache import OutputCache
from ercbench.features.encoders.encoder import Item, items_of
from ercbench.features.encoders.inputs import INPUTS
from ercbench.features.media.clips import UnreadableError
from ercbench.features.media.mel import PictureSettings, mel_picture
from ercbench.features.media.sound import read_sound
from ercbench.files import replacing, sha256_of_file, sha256_of_text

NAMES = ("mel", "pictures", "features", "values")
IDS = ("utterance_id", "utterance", "id", "ids")


class Pictures:
    """Pictures [height, width] uint8 by utterance id, memory-mapped.

    Args:
        ids: Whose they are.
        values: [N, height, width] uint8.
        reasons: Utterance id to why there is no picture.
    """

    def __init__(
        self, ids: list[str], values: np.ndarray, reasons: dict[str, str] | None = None
    ) -> None:
        self.values, self.reasons = values, reasons or {}
        self._rows = {id: row for row, id in enumerate(ids)}

    def of(self, item: Item) -> np.ndarray | str:
        """Returns an utterance's picture, or why there is none."""
        id = item.utterance.id
        if id not in self._rows:
            return self.reasons.get(id, "no picture")
        return self.values[self._rows[id]]


def given_pictures(path: Path, cache: Path) -> Pictures:
    """Reads pictures from an npz file with `utterance_id` [N] and `mel` [N, height, width] uint8.

    Args:
        path: The file.
        cache: Folder in which its pictures are kept uncompressed, so that they can be mapped.

    Raises:
        ErcbenchError: The file is absent, damaged or of another form.
    """
    if not path.is_file():
        raise ErcbenchError(f"pictures={path}: no such file. Correct the path.")
    mapped = cache / f"pictures-{sha256_of_file(path)[:12]}.npy"
    with open_npz(path) as file:
        key = next((name for name in IDS if name in file.names), None)
        mel = next((name for name in NAMES if name in file.names), None)
        if key is None or mel is None:
            raise ErcbenchError(
                f"pictures={path}: holds {first_few(file.names)}; expected utterance_id [N] and "
                "mel [N, height, width] uint8. Save it so."
            )
        ids = [str(id) for id in file[key].tolist()]
        if not mapped.is_file():
            _write(mapped, file[mel])
    values = np.load(mapped, mmap_mode="r")
    if values.ndim != 3 or values.dtype != np.uint8 or len(values) != len(ids):
        raise ErcbenchError(
            f"pictures={path}: {len(ids)} ids and pictures {list(values.shape)} of {values.dtype}; "
            "expected [N, height, width] uint8 with an id each. Save it so."
        )
    return Pictures(ids, values)


def made_pictures(corpus: Corpus, settings: PictureSettings, cache: Path) -> Pictures:
    """Makes the pictures of all recordings of a corpus, unless they were made before.

    Args:
        corpus: With paths of recordings.
        settings: How.
        cache: Folder in which they are kept.
    """
    items = list(items_of(corpus))
    recordings = repr([(i.utterance.id, i.utterance.audio, i.utterance.video) for i in items])
    mark = sha256_of_text(repr(settings) + recordings)[:12]
    values_path, told_path = cache / f"pictures-{mark}.npy", cache / f"pictures-{mark}.npz"
    if not told_path.is_file():
        made = [picture_of(item, settings) for item in items]
        there = [p for p in made if not isinstance(p, str)]
        shape = (0, settings.bands, settings.width)
        _write(values_path, np.stack(there) if there else np.zeros(shape, np.uint8))
        told = [p if isinstance(p, str) else "" for p in made]
        with replacing(told_path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, ids=[item.utterance.id for item in items], reasons=told)
    with np.load(told_path, allow_pickle=False) as file:
        reasons = dict(zip(file["ids"].tolist(), file["reasons"].tolist(), strict=True))
    ids = [id for id, reason in reasons.items() if not reason]
    return Pictures(ids, np.load(values_path, mmap_mode="r"), reasons)


def picture_of(item: Item, settings: PictureSettings) -> np.ndarray | str:
    """Makes an utterance's picture [bands, width] uint8, or says why there is none."""
    try:
        kept = OutputCache({"encoder": "mel picture", "settings": asdict(settings)})
        return kept.get(item.utterance, INPUTS["audio"], partial(_made, item, settings))
    except UnreadableError as error:
        return str(error)


def _made(item: Item, settings: PictureSettings) -> np.ndarray:
    samples = read_sound(item.utterance, most_seconds=30.0)
    return np.round(255 * mel_picture(samples, settings)).astype(np.uint8)


def _write(path: Path, values: np.ndarray) -> None:
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, values)
