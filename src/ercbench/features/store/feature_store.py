"""The feature store: a folder with a corpus and, per modality and name, one set of features."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.store.manifest import MANIFEST, count_rows, read_corpus, write_corpus
from ercbench.files import replacing, replacing_folder, sha256_of_file

# Above this share of unusable rows a modality is broken, not incomplete.
MOST_MISSING = 0.2


@dataclass(frozen=True)
class FeatureSet:
    """One modality's features by one encoder: `values` [N, D], read as they are asked for.

    Attributes:
        path: The safetensors file.
        modality: Such as `text`.
        name: Such as `minilm`; `modality:name` is how settings call the set.
        width: D.
        present: [N] bool; False where a row could not be made.
        metadata: How it was made, `fitted_on` (conversation ids whose labels the encoder saw;
            None where nobody knows) and the SHA-256 of its values and of its manifest.
    """

    path: Path
    modality: str
    name: str
    width: int
    present: np.ndarray
    metadata: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The set's name in settings and tables, `modality:name`."""
        return f"{self.modality}:{self.name}"

    @cached_property
    def _values(self) -> Any:
        return safe_open(self.path, framework="numpy").get_slice("values")

    def rows(self, first: int, last: int) -> np.ndarray:
        """Returns the values of rows first..last-1 as [last - first, D] float32."""
        return np.asarray(self._values[first:last], dtype=np.float32)


class FeatureStore:
    """A folder with `manifest.parquet`, `corpus.json` and `<modality>.<name>.safetensors`.

    Args:
        folder: An existing store.

    Attributes:
        folder: As given.
        count: Utterances, and rows of every feature set.
        manifest_sha256: Of the manifest, to which every feature set belongs.

    Raises:
        ErcbenchError: The folder is no store, or is damaged.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ErcbenchError(f"No feature store at '{folder}'. Prepare it or correct the path.")
        self.folder = folder
        self.count = count_rows(folder)
        self.manifest_sha256 = sha256_of_file(folder / MANIFEST)

    @cached_property
    def corpus(self) -> Corpus:
        """What was said, read when it is first asked for: of a million utterances it takes long.

        Raises:
            ErcbenchError: The manifest is damaged, or the corpus breaks one of its rules.
        """
        return read_corpus(self.folder)

    @classmethod
    @contextmanager
    def creating(cls, folder: Path, corpus: Corpus) -> Iterator["FeatureStore"]:
        """Yields a new store to add features to; it appears at `folder` when all is done."""
        with replacing_folder(folder) as temporary:
            write_corpus(temporary, corpus)
            yield cls(temporary)

    def add(
        self,
        modality: str,
        name: str,
        values: np.ndarray,
        *,
        encoder: str,
        fitted_on: list[str] | None,
        present: np.ndarray | None = None,
        **details: Any,
    ) -> FeatureSet:
        """Writes a set of features.

        Args:
            modality: Such as `text`.
            name: Distinguishes the sets of one modality.
            values: [N, D], a row per utterance of the manifest, in its order. Rows with NaN or
                infinity become missing, with a warning that counts them.
            encoder: What made the values.
            fitted_on: Conversations whose labels the encoder saw; None if not known.
            present: [N] bool, False where a row could not be made; all True by default.
            details: Anything else worth knowing (revision, settings), as JSON values.

        Raises:
            ErcbenchError: The rows do not match the manifest, or more than 20 % are unusable.
        """
        if values.ndim != 2 or len(values) != self.count:
            raise ErcbenchError(
                f"Features '{modality}:{name}' have shape {list(values.shape)}, but the manifest "
                f"of '{self.corpus.name}' has {self.count} utterances; expected [{self.count}, "
                "width]. Make the features for this manifest, a row per utterance."
            )
        present = _usable_rows(f"{modality}:{name}", values, present)
        if not present.all():
            values = np.where(present[:, None], values, 0).astype(values.dtype)
        values = np.ascontiguousarray(values)
        metadata = {
            "encoder": encoder,
            "fitted_on": fitted_on,
            "manifest_sha256": self.manifest_sha256,
            "values_sha256": _sha256(values, present),
            **details,
        }
        path = self.folder / f"{modality}.{name}.safetensors"
        try:
            with replacing(path) as temporary:
                tensors = {"values": values, "present": present}
                save_file(tensors, temporary, metadata={"ercbench": json.dumps(metadata)})
        except SafetensorError as error:
            raise ErcbenchError(f"{path}: {error}. Make room on the disk and try again.") from None
        return self.open(modality, name)

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
            if len(matches) != 1:
                what = f"several sets ({', '.join(matches)})" if matches else "no set"
                raise ErcbenchError(
                    f"features: {what} for '{name}' in '{self.folder}'; it holds "
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
        """Opens one set without reading its values.

        Raises:
            ErcbenchError: The file is damaged or belongs to another manifest.
        """
        path = self.folder / f"{modality}.{name}.safetensors"
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = json.loads((file.metadata() or {}).get("ercbench", "{}"))
                shape = file.get_slice("values").get_shape()
                present = file.get_tensor("present")
        except (SafetensorError, OSError, ValueError) as error:
            raise ErcbenchError(
                f"{path}: not a whole feature file ({error}). Delete it and make it again."
            ) from None
        if metadata.get("manifest_sha256") != self.manifest_sha256 or len(present) != shape[0]:
            raise ErcbenchError(
                f"{path}: made for another manifest than {self.folder / MANIFEST} (its rows would "
                "belong to other utterances). Make these features again for this store."
            )
        return FeatureSet(path, modality, name, shape[1], present, metadata)

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*.*.safetensors") if path.name[0] != "."]


def _sha256(*arrays: np.ndarray) -> str:
    """Returns the SHA-256 of the arrays' bytes, one after the other, without copying them."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.data)
    return digest.hexdigest()


def _usable_rows(key: str, values: np.ndarray, present: np.ndarray | None) -> np.ndarray:
    """Returns [N] bool: rows that are present and finite; warns of or refuses the others."""
    finite = np.isfinite(values).all(1)
    present = finite if present is None else present & finite
    if broken := int((~finite).sum()):
        warnings.warn(f"{key}: {broken} rows hold NaN or infinity; kept as missing", stacklevel=3)
    if (share := 1 - present.mean()) > MOST_MISSING:
        raise ErcbenchError(
            f"Features '{key}': {share:.0%} of the rows are missing or not finite; at most "
            f"{MOST_MISSING:.0%} can be. Find out what broke them and make them again."
        )
    return present
