"""Any encoder over any corpus: resumable, over processes and machines, always the same bytes."""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from rich.console import Console

from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_least
from ercbench.features.encoders.encoder import Encoder, has_whole_recordings, items_of
from ercbench.features.store.feature_store import FeatureSet, FeatureStore
from ercbench.features.store.parts import Parts, Plan, make_plan
from ercbench.features.store.workers import encode_chunks
from ercbench.files import replacing

# What an encoder of a modality reads of an utterance, one of these; unless it has its `material`.
MATERIAL = {"text": ("text",), "audio": ("audio", "video"), "visual": ("video",)}


@dataclass(frozen=True)
class ExtractionSettings:
    """How the work is divided; only `chunk` can touch the values, in their last bits.

    Attributes:
        workers: Processes, each of one thread, so that their number changes nothing.
        shard: `3/8` does the third of eight parts of the work, for `merge_shards` to put
            together.
        chunk: Utterances that are encoded together and finished together.
    """

    workers: int = 1
    shard: str = "1/1"
    chunk: int = 256

    def __post_init__(self) -> None:
        check_least("workers", self.workers, 1)
        check_least("chunk", self.chunk, 1)
        self.share()

    def share(self) -> tuple[int, int]:
        """Returns which share, from 0, of how many.

        Raises:
            ErcbenchError: `shard` is not of the form `3/8`.
        """
        which, _, of = self.shard.partition("/")
        if not (which.isdigit() and of.isdigit() and 1 <= int(which) <= int(of)):
            raise ErcbenchError(
                f"shard={self.shard}: expected two numbers such as 3/8, the first from 1 to the "
                "second. Change shard."
            )
        return int(which) - 1, int(of)


DEFAULT = ExtractionSettings()


def extract(
    store: FeatureStore, encoder: Encoder, settings: ExtractionSettings = DEFAULT
) -> FeatureSet | None:
    """Encodes a store's corpus and adds the features to the store.

    Every chunk that is finished is kept in the store's folder until all are; the same call goes
    on from there after any interruption. The values are the same bytes whatever the number of
    workers, shards and interruptions, on machines with the same processor and libraries.

    Args:
        store: The features become part of it.
        encoder: Any object with the protocol.
        settings: How the work is divided.

    Returns:
        The feature set, or None where this was one shard of several.

    Raises:
        ErcbenchError: The corpus lacks what the encoder reads, a set of that name was made
            otherwise, another process is at it, or more than 20 % of the rows are missing.
    """
    check_material(store.corpus, encoder)
    plan = make_plan(encoder, store.manifest_sha256, store.count, settings.chunk)
    known = store.keys()
    if plan.key in known:
        return _existing(store, plan)
    parts = Parts(plan.folder(store.folder), plan)
    which, of = settings.share()
    parts.begin()
    with _alone(parts, f"{which + 1}-of-{of}"):
        wanted = [chunk for chunk in range(plan.chunks) if chunk % of == which]
        encode_chunks(parts, encoder, store.corpus, wanted, settings.workers)
        return finish(store, parts) if of == 1 else None


def merge_shards(store: FeatureStore, others: Sequence[Path]) -> list[FeatureSet]:
    """Puts together what several machines extracted, as if one had.

    Args:
        store: Gets the features; it may hold parts itself.
        others: Stores of the same corpus, on which other shards were extracted.

    Returns:
        The feature sets that became complete: all that were begun.

    Raises:
        ErcbenchError: There is nothing to merge, a store has another manifest, or parts are
            missing.
    """
    for other in others:
        _copy_parts(store, FeatureStore(other))
    folders = Parts.folders(store.folder)
    if not folders:
        raise ErcbenchError(
            f"{store.folder}: nothing to merge; neither it nor the other stores hold unfinished "
            "features. Extract with shard=1/2 and so on first."
        )
    return [finish(store, Parts.of(folder)) for folder in folders]


def finish(store: FeatureStore, parts: Parts) -> FeatureSet:
    """Makes a feature set from its parts and removes them.

    Raises:
        ErcbenchError: Parts are missing, or more than 20 % of the rows are.
    """
    plan, finished = parts.plan, parts.finished()
    absent = [chunk for chunk in range(plan.chunks) if chunk not in finished]
    if absent:
        raise ErcbenchError(
            f"{plan.key}: {len(absent)} of {plan.chunks} parts are not there yet (the first is "
            f"number {absent[0]}). Extract the shards that are missing and merge again, or delete "
            f"{parts.folder} if these features are no longer wanted."
        )
    values, reasons = _read_all(parts)
    present = np.ones(plan.rows, dtype=bool)
    present[list(reasons)] = False
    write_report(store, plan, reasons)
    features = store.add(
        plan.modality,
        plan.name,
        values,
        fitted_on=plan.fitted_on,
        present=present,
        chunk=plan.chunk,
        **plan.description,
    )
    shutil.rmtree(parts.folder)
    return features


def check_material(corpus: Corpus, encoder: Encoder) -> None:
    """Checks that a corpus has what an encoder reads.

    Raises:
        ErcbenchError: No utterance has it.
    """
    wanted = getattr(encoder, "material", MATERIAL.get(encoder.modality, ()))
    utterances = (item.utterance for item in items_of(corpus))
    if wanted and not any(getattr(turn, name) for turn in utterances for name in wanted):
        whole = has_whole_recordings(corpus)
        uncut = " of its own (videos of whole dialogues are not cut here)" if whole else ""
        raise ErcbenchError(
            f"{encoder.modality}:{encoder.name}: no utterance of corpus '{corpus.name}' has "
            f"{' or '.join(wanted)}{uncut}. Give the folder of the release that holds the "
            f"recordings, or leave {encoder.modality} out."
        )


def write_report(store: FeatureStore, plan: Plan, reasons: Mapping[int, str]) -> None:
    """Writes a line per missing row to `<modality>.<name>.missing.csv` and prints a summary."""
    path = store.folder / f"{plan.modality}.{plan.name}.missing.csv"
    if not reasons:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as temporary, temporary.open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("row", "utterance", "reason"))
        ids = [utterance.id for utterance in store.corpus.utterances()]
        rows.writerows((row, ids[row], reasons[row]) for row in sorted(reasons))
    console = Console(stderr=True)
    console.print(f"{plan.key}: {len(reasons)} of {plan.rows} rows are missing ({path.name})")
    for reason, count in Counter(reasons.values()).most_common(5):
        console.print(f"  {count} x {reason}", markup=False)


def _existing(store: FeatureStore, plan: Plan) -> FeatureSet:
    """Returns the set of that name, if it is what the plan would make."""
    features = store.open(plan.modality, plan.name)
    wanted = {**plan.description, "fitted_on": plan.fitted_on, "chunk": plan.chunk}
    made = {key: features.metadata.get(key) for key in wanted}
    if made != wanted:
        raise ErcbenchError(
            f"{features.path}: '{plan.key}' was made with other settings ({made}). Give the new "
            "features another name, or delete this file."
        )
    return features


def _copy_parts(store: FeatureStore, other: FeatureStore) -> None:
    if other.manifest_sha256 != store.manifest_sha256:
        raise ErcbenchError(
            f"{other.folder}: its manifest is another than that of {store.folder} (other "
            "utterances, or other paths of recordings). Prepare both from the same root and "
            "extract again."
        )
    for folder in Parts.folders(other.folder):
        theirs = Parts.of(folder)
        ours = Parts(store.folder / folder.name, theirs.plan)
        ours.begin()
        for chunk in theirs.finished() - ours.finished():
            with replacing(ours.path(chunk)) as temporary:
                shutil.copyfile(theirs.path(chunk), temporary)


def _read_all(parts: Parts) -> tuple[np.ndarray, dict[int, str]]:
    values = np.zeros((parts.plan.rows, parts.plan.width), dtype=np.float32)
    reasons: dict[int, str] = {}
    for chunk in range(parts.plan.chunks):
        rows = parts.plan.rows_of(chunk)
        values[rows.start : rows.stop], missing = parts.read(chunk)
        reasons |= missing
    return values, reasons


@contextmanager
def _alone(parts: Parts, share: str) -> Iterator[None]:
    """Keeps a second process from doing the same work at the same time."""
    lock = FileLock(parts.folder / f"{share}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ErcbenchError(
            f"{parts.plan.key}: another process is extracting these features into "
            f"{parts.folder.parent}. Wait until it ends, or end it; finished rows are kept."
        ) from None
    try:
        yield
    finally:
        lock.release()
