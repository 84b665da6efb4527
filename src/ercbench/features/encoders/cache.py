"""What was made of recordings before, kept for every command that asks for it again."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ercbench.console import say
from ercbench.corpora.conversation import Utterance
from ercbench.corpora.excerpt import excerpt_of
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Item, Vector
from ercbench.features.encoders.inputs import inputs_of, recording_of
from ercbench.features.media.containers import UnreadableError
from ercbench.files import expanded, remove_leftovers, replacing, sha256_of_file, sha256_of_text

VARIABLE = "ERCBENCH_CACHE"
# Libraries whose other version may give other values.
LIBRARIES = (
    *("av", "librosa", "mtcnn", "numba", "numpy", "opensmile", "pillow", "scipy", "soundfile"),
    *("soxr", "torch", "transformers"),
)


def each(
    encoder: Encoder, items: Sequence[Item], vector_of: Callable[[Item], np.ndarray]
) -> list[Vector]:
    """Returns a vector for each item, or the reason where its recording cannot be used.

    A vector that the encoder made of the same recording before is not made again.

    Args:
        encoder: One whose vectors depend on an utterance's own recording alone, whatever else is
            encoded with it.
        items: Whose recordings.
        vector_of: Makes a vector.
    """
    kept, fields = OutputCache(encoder.describe()), inputs_of(encoder)
    vectors: list[Vector] = []
    for item in items:
        try:
            vectors.append(kept.get(item.utterance, fields, partial(vector_of, item)))
        except UnreadableError as error:
            vectors.append(str(error))
    return vectors


class OutputCache:
    """Arrays that one maker made, by the content of what it read.

    They lie in the folder that `ERCBENCH_CACHE` names, by default `~/.cache/ercbench`; empty, it
    keeps none. What another version of this package or its libraries, or another kind of
    processor made is not taken. What was made in one thread, as feature stores are, is taken in
    any; what was made in several differs in its last bits and is kept apart.

    Args:
        maker: What decides the arrays, as JSON values.
    """

    def __init__(self, maker: Mapping[str, Any]) -> None:
        self._folder = cache_folder()
        device = maker.get("settings", {}).get("device", "cpu")
        self._maker = json.dumps([maker, _surroundings(device)], sort_keys=True)

    def get(
        self, utterance: Utterance, fields: tuple[str, ...], make: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """Returns what was made of an utterance's recording, or makes it.

        Args:
            utterance: Whose recording.
            fields: Of the utterance that name a recording; the first that is set is read.
            make: Makes it. What it raises is not kept.
        """
        content = _content(recording_of(utterance, fields))
        if self._folder is None or content is None:
            return make()
        threads = _threads()
        for count in sorted({1, threads}):
            kept = _read(self._path(content, count))
            if kept is not None:
                return kept
        made = make()
        _write(self._path(content, threads), made)
        return made

    def _path(self, content: str, threads: int) -> Path:
        assert self._folder is not None
        mark = sha256_of_text(json.dumps([self._maker, content, threads]))
        return self._folder / mark[:2] / f"{mark[2:]}.npy"


def cache_folder() -> Path | None:
    """Returns where outputs are kept; None where nothing is to be."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "ercbench"
    return expanded(named) if named else None


def _content(recording: str | None) -> str | None:
    """Returns what stands for the bytes that are read of a recording; None if there are none."""
    if recording is None:
        return None
    part = excerpt_of(recording)
    path = Path(recording) if part is None else part.path
    try:
        known = path.stat()
        whole = _sha256(path, known.st_size, known.st_mtime_ns)
    except OSError:
        return None
    return whole if part is None else f"{whole} {part.start!r} {part.end!r}"


@lru_cache(maxsize=1 << 14)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Returns a file's hash, which is taken again only when its size or time is another."""
    return sha256_of_file(path)


def _read(path: Path) -> np.ndarray | None:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # absent, or damaged and made again
        return None


def _write(path: Path, made: np.ndarray) -> None:
    try:
        remove_leftovers(path.parent)
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, made, allow_pickle=False)
    except (ErcbenchError, OSError) as error:
        _tell(path.parents[1], str(error).removeprefix(f"{path}: "))


@cache
def _tell(folder: Path, error: str) -> None:
    """Says once that nothing is kept, which loses time and no result."""
    say(f"note: {folder}: {error} Set {VARIABLE} to another folder, or to nothing to keep none.")


def _threads() -> int:
    import torch  # seconds that who asks for no output need not wait

    return torch.get_num_threads()


@cache
def _surroundings(device: str) -> dict[str, Any]:
    """Returns what else than the maker decides the last bits: code, libraries, processor."""
    import torch

    cuda = torch.cuda.get_device_name() if device.startswith("cuda") else None
    package = Path(__file__).parents[2]
    code = "".join(map(sha256_of_file, sorted(package.rglob("*.py"))))
    return {
        "code": sha256_of_text(code),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "processor": [platform.machine(), torch.backends.cpu.get_cpu_capability(), cuda],
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
