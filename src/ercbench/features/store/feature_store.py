"""The feature store: a folder with a corpus and, per modality and name, one set of features."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.store.checksums import Checksums
from ercbench.features.store.feature_set import (
    FeatureSet,
    check_values,
    read_header,
)
from ercbench.features.store.finding import CORPUS, MANIFEST
from ercbench.features.store.manifest import (
    CorpusSummary,
    check_files,
    count_rows,
    read_corpus,
    read_summary,
    write_corpus,
)
from ercbench.features.store.stored_corpus import StoredCorpus
from ercbench.features.store.values import UsableRows, ValueBlocks, write_values
from ercbench.files import remove_leftovers, replacing_folder, writing

LOCK = ".lock"


class FeatureStore:
    """A folder with `manifest.parquet`, `corpus.json` and `<modality>.<name>.safetensors`.

    What is read of it is what was written: `checksums.json` holds the SHA-256 of every file.

    Args:
        folder: An existing store.

    Attributes:
        folder: As given.
        count: Utterances, and rows of every feature set.
        manifest_sha256: Of the manifest, to which every feature set belongs.
        lock: Held by whoever writes into the folder.

    Raises:
        ErcbenchError: The folder is no store, or is damaged.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ErcbenchError(f"No feature store at '{folder}'. Prepare it or correct the path.")
        check_files(folder)
        self.folder = folder
        # Entered again by the same process without waiting for itself.
        self.lock = FileLock(folder / LOCK)
        self._checksums = Checksums(folder, self.lock)
        self._checksums.check(CORPUS, lambda: read_summary(folder))
        self.manifest_sha256 = self._checksums.check(MANIFEST, lambda: count_rows(folder))
        self.count = count_rows(folder)

    @cached_property
    def corpus(self) -> Corpus:
        """What was said, read when it is first asked for: of a million utterances it takes long.

        Raises:
            ErcbenchError: The manifest is damaged, or the corpus breaks one of its rules.
        """
        return read_corpus(self.folder)

    @cached_property
    def stored(self) -> StoredCorpus:
        """What was said, gone through on disk: some thousand utterances are in memory at a time.

        Raises:
            ErcbenchError: The manifest is damaged.
        """
        return StoredCorpus(self.folder)

    def summary(self) -> CorpusSummary:
        """Returns names and sizes, without reading what was said."""
        return read_summary(self.folder)

    @classmethod
    @contextmanager
    def creating(cls, folder: Path, corpus: Corpus) -> Iterator["FeatureStore"]:
        """Yields a new store to add features to; it appears at `folder` when all is done.

        Raises:
            ErcbenchError: It cannot be written.
        """
        remove_leftovers(folder.parent)
        with replacing_folder(folder) as temporary:
            write_corpus(temporary, corpus)
            Checksums(temporary, FileLock(temporary / LOCK)).record(CORPUS, MANIFEST)
            yield cls(temporary)

    def add(
        self,
        modality: str,
        name: str,
        values: np.ndarray | ValueBlocks,
        *,
        encoder: str,
        fitted_on: list[str] | None,
        present: np.ndarray | None = None,
        most_missing: float = 1,
        **details: Any,
    ) -> FeatureSet:
        """Writes a set of features.

        Args:
            modality: Such as `text`.
            name: Distinguishes the sets of one modality.
            values: [N, D], a row per utterance of the manifest, in its order; as an array or in
                blocks. Rows with NaN or infinity become missing, with a warning that counts them.
            encoder: What made the values.
            fitted_on: Conversations whose labels the encoder saw; None if not known.
            present: [N] bool, False where a row could not be made; all True by default.
            most_missing: Above this share of unusable rows the set is refused: something broke.
            details: Anything else worth knowing (revision, settings), as JSON values.

        Raises:
            ErcbenchError: The rows do not match the manifest, or too many are unusable.
        """
        key = f"{modality}:{name}"
        if len(values.shape) != 2 or values.shape[0] != self.count:
            raise ErcbenchError(
                f"Features '{key}' have shape {list(values.shape)}, but the manifest of "
                f"'{self.summary().name}' has {self.count} utterances; expected [{self.count}, "
                "width]. Make the features for this manifest, a row per utterance."
            )
        blocks = ValueBlocks.of(values) if isinstance(values, np.ndarray) else values
        given = np.ones(self.count, bool) if present is None else np.array(present, bool)
        metadata = {
            "encoder": encoder,
            "fitted_on": fitted_on,
            "manifest_sha256": self.manifest_sha256,
            "values_sha256": None,  # known when the values are written
            **details,
        }
        path = self._path(key)
        with writing(path), self.lock:
            remove_leftovers(self.folder)
            self._checksums.forget(path.name)
            write_values(path, blocks, UsableRows(key, given), most_missing, metadata)
            self._checksums.record(path.name)
        return self.header(key)

    def keys(self) -> list[str]:
        """Returns `modality:name` of every set in the store, sorted."""
        stems = [path.name.removesuffix(".safetensors") for path in self._files()]
        return sorted(stem.replace(".", ":", 1) for stem in stems)

    def select(self, wanted: Sequence[str]) -> list[FeatureSet]:
        """Opens feature sets by `modality:name`, or by modality where it has only one set.

        Raises:
            ErcbenchError: Nothing or more than one set answers to a name, or one modality is
                asked for twice.
        """
        keys, chosen = self.keys(), []
        for name in wanted:
            matches = [key for key in keys if key == name or key.split(":")[0] == name]
            if len(matches) > 1:
                raise ErcbenchError(
                    f"features: several sets ({', '.join(matches)}) for '{name}' in "
                    f"'{self.folder}'; expected one. Name those to use, one a modality, as in "
                    f"features={self._blameless(matches)}"
                )
            if not matches:
                raise ErcbenchError(
                    f"features: no set for '{name}' in '{self.folder}'; it holds "
                    f"{', '.join(keys) or 'none'}. Name one of these as modality:name, or add it: "
                    f"ercbench prepare store={self.folder.name} {name.replace(':', '=')}"
                )
            chosen.append(self.open(*matches[0].split(":", 1)))
        modalities = [chosen_set.modality for chosen_set in chosen]
        if len(set(modalities)) < len(modalities) or not modalities:
            raise ErcbenchError(
                f"features: found {', '.join(wanted) or 'none'}; expected at least one set and at "
                "most one per modality."
            )
        return chosen

    def open(self, modality: str, name: str) -> FeatureSet:
        """Opens one set to be used: its file is as it was written. Values are read when asked for.

        Raises:
            ErcbenchError: The file is damaged or belongs to another manifest.
        """
        key = f"{modality}:{name}"
        self._checksums.check(self._path(key).name, lambda: check_values(self.header(key)))
        return self.header(key)

    def _blameless(self, keys: Sequence[str]) -> str:
        """Returns the first of some sets that has seen nobody's labels, or else the first."""
        return next((k for k in keys if self.header(k).metadata["fitted_on"] == []), keys[0])

    def header(self, key: str) -> FeatureSet:
        """Returns what a set's file says of itself, for a listing: it is not checked further.

        Raises:
            ErcbenchError: The file is no feature file or belongs to another manifest.
        """
        features = read_header(self._path(key), key)
        rows = len(features.present)
        if features.metadata["manifest_sha256"] != self.manifest_sha256 or rows != self.count:
            raise ErcbenchError(
                f"{features.path}: made for another manifest than {self.folder / MANIFEST} (its "
                "rows would belong to other utterances). Make these features again for this store."
            )
        return features

    def _path(self, key: str) -> Path:
        return self.folder / f"{key.replace(':', '.', 1)}.safetensors"

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*.*.safetensors") if path.name[0] != "."]
