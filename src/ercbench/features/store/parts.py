"""What an unfinished extraction keeps beside its target: a plan and finished chunks of rows."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Vector
from ercbench.features.encoders.provenance import labels_seen
from ercbench.features.store.feature_set import write_tensors
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import PLAN
from ercbench.files import replacing, sha256_of_text


@dataclass(frozen=True)
class MissingRow:
    """A row without a vector.

    Attributes:
        reason: In plain words.
        size: Bytes of its recordings when they were tried; 0 where there was none.
    """

    reason: str
    size: int


@dataclass(frozen=True)
class ExtractionPlan:
    """Everything that decides the bytes of a feature set; equal plans give equal parts.

    Attributes:
        modality: Such as `text`.
        name: Distinguishes the sets of one modality.
        width: Length of a vector.
        rows: Utterances of the manifest.
        chunk: Rows per part. What is computed together is the rows of one part.
        manifest_sha256: Of the store's manifest.
        fitted_on: Conversations whose labels the encoder saw; None if not known.
        description: The encoder's own account of itself.
    """

    modality: str
    name: str
    width: int
    rows: int
    chunk: int
    manifest_sha256: str
    fitted_on: list[str] | None
    description: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The set's name in settings and tables, `modality:name`."""
        return f"{self.modality}:{self.name}"

    @property
    def chunks(self) -> int:
        """How many parts there are."""
        return -(-self.rows // self.chunk)

    def rows_of(self, chunk: int) -> range:
        """Returns the rows of one chunk."""
        return range(chunk * self.chunk, min(self.rows, (chunk + 1) * self.chunk))

    def folder(self, store: Path) -> Path:
        """Returns where the parts of this plan lie; another plan has another folder."""
        fingerprint = sha256_of_text(json.dumps(asdict(self), sort_keys=True))[:12]
        return store / f".parts-{self.modality}.{self.name}-{fingerprint}"


def make_plan(encoder: Encoder, store: FeatureStore, chunk: int) -> ExtractionPlan:
    """Returns the plan of an encoder's extraction over a store's corpus."""
    return ExtractionPlan(
        encoder.modality,
        encoder.name,
        encoder.width,
        store.count,
        chunk,
        store.manifest_sha256,
        labels_seen(encoder, store.stored),
        json.loads(json.dumps(encoder.describe())),  # as it will be read back
    )


class ExtractionParts:
    """The finished chunks of one plan, each a file that is whole or absent.

    Args:
        folder: Where they lie or shall lie.
        plan: What they are parts of.
    """

    def __init__(self, folder: Path, plan: ExtractionPlan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def of(cls, folder: Path) -> "ExtractionParts":
        """Returns the parts in a folder that has a plan.

        Raises:
            ErcbenchError: The plan is missing or damaged.
        """
        try:
            return cls(folder, ExtractionPlan(**json.loads((folder / PLAN).read_text())))
        except (OSError, ValueError, TypeError) as error:
            raise ErcbenchError(
                f"{folder / PLAN}: not a whole plan ({error}). Delete the folder and extract again."
            ) from None

    def begin(self) -> None:
        """Writes the plan, from which another machine's parts can be recognised."""
        with replacing(self.folder / PLAN) as temporary:
            temporary.write_text(json.dumps(asdict(self.plan), indent=2) + "\n")

    def path(self, chunk: int) -> Path:
        """Returns the file of one chunk."""
        return self.folder / f"part-{chunk:06}.safetensors"

    def finished(self) -> set[int]:
        """Returns the chunks that are there."""
        there = self.folder.glob("part-*.safetensors")
        names = (re.fullmatch(r"part-(\d{6,})\.safetensors", path.name) for path in there)
        return {int(name[1]) for name in names if name}

    def write(self, chunk: int, vectors: Sequence[Vector], sizes: Sequence[int]) -> None:
        """Writes one chunk: zeros and a reason where there is no vector.

        Args:
            chunk: Which.
            vectors: A vector [width], or why there is none, for each row.
            sizes: Bytes of each row's recordings.

        Raises:
            ErcbenchError: A vector is of another width, or the file cannot be written.
        """
        values = np.zeros((len(vectors), self.plan.width), dtype=np.float32)
        missing = {}
        for row, vector in enumerate(vectors):
            if isinstance(vector, str):
                missing[row] = MissingRow(vector, sizes[row])
            elif np.isfinite(vector).all():
                values[row] = _checked(vector, self.plan.width, self.plan.key)
            else:
                missing[row] = MissingRow("the encoder gave NaN or infinity", sizes[row])
        told = json.dumps({row: asdict(why) for row, why in missing.items()})
        write_tensors(self.path(chunk), {"values": values}, {"missing": told})

    def values(self, chunk: int) -> np.ndarray:
        """Returns one chunk's values [rows, width].

        Raises:
            ErcbenchError: The file is damaged or has another shape.
        """
        with self._opened(chunk) as file:
            values = file.get_tensor("values")
        expected = (len(self.plan.rows_of(chunk)), self.plan.width)
        if values.shape != expected:
            raise ErcbenchError(
                f"{self.path(chunk)}: has shape {list(values.shape)}, expected {list(expected)}. "
                "Delete it and extract again."
            )
        return values

    def missing(self, chunk: int) -> dict[int, MissingRow]:
        """Returns the missing rows of one chunk, by their number in the manifest.

        Raises:
            ErcbenchError: The file is damaged.
        """
        rows = self.plan.rows_of(chunk)
        with self._opened(chunk) as file:
            told = json.loads(file.metadata()["missing"])
            return {rows[int(row)]: MissingRow(**why) for row, why in told.items()}

    def all_missing(self, chunks: Iterable[int]) -> dict[int, MissingRow]:
        """Returns the missing rows of some chunks, by their number in the manifest.

        Raises:
            ErcbenchError: A file is damaged.
        """
        return {row: why for chunk in chunks for row, why in self.missing(chunk).items()}

    @contextmanager
    def _opened(self, chunk: int) -> Iterator[Any]:
        try:
            with safe_open(self.path(chunk), framework="numpy") as file:
                yield file
        except (SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
            raise ErcbenchError(
                f"{self.path(chunk)}: not a whole part ({error}). Delete it and extract again."
            ) from None


def _checked(vector: np.ndarray, width: int, key: str) -> np.ndarray:
    if vector.shape != (width,):
        raise ErcbenchError(
            f"Encoder of '{key}': gave a vector of shape {list(vector.shape)}, but announced "
            f"width {width}. Correct the encoder."
        )
    return vector
