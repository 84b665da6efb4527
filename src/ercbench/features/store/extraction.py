"""Any encoder over any corpus: resumable, over processes and machines, always the same bytes."""

import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Encoder, Spoken, has_whole_recordings, items_of
from ercbench.features.encoders.inputs import inputs_of, recording_size
from ercbench.features.store.division import ExtractionSettings
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import PLAN
from ercbench.features.store.leases import alone, left_shares
from ercbench.features.store.missing import read_report, report_path, write_report
from ercbench.features.store.parts import (
    ExtractionParts,
    ExtractionPlan,
    MissingRow,
    make_plan,
)
from ercbench.features.store.shares import share_of
from ercbench.features.store.values import ValueBlocks
from ercbench.features.store.workers import encode_chunks
from ercbench.files import remove_leftovers, writing


def extract(
    store: FeatureStore, encoder: Encoder, settings: ExtractionSettings
) -> FeatureSet | None:
    """Encodes a store's corpus and adds the features to the store.

    Every chunk that is finished is kept in the store's folder until all are; the same call goes
    on from there after any interruption. A shard that is done goes on with shards of the same
    folder whose processes have died. Missing rows whose recordings have come since, or are no
    longer the same, are tried again by the next call. The values are the same bytes whatever the
    number of workers, shards and interruptions, on machines with the same processor and libraries.

    Args:
        store: The features become part of it.
        encoder: Any object with the protocol.
        settings: How the work is divided.

    Returns:
        The feature set, or None where this was one shard of several.

    Raises:
        ErcbenchError: The corpus lacks what the encoder reads, a set of that name was made
            otherwise, another process is at it, or too many of the rows are missing.
    """
    check_inputs(store.stored, encoder)
    plan = make_plan(encoder, store, settings.chunk)
    work = Extraction(store, ExtractionParts(plan.folder(store.folder), plan), encoder)
    existing = existing_set(store, plan) if plan.key in store.keys() else None
    if existing is not None and not work.outdated(read_report(report_path(store.folder, plan))):
        if work.parts.folder.is_dir():
            _remove_leftovers(store)
        return existing
    which, of = settings.share()
    begin(store, work.parts)
    with alone(work.parts, which, of):
        if existing is not None:
            work.take_apart(existing)
        work.encode(which, of, settings.workers)
        if of == 1:
            return finish(store, work.parts, settings.most_missing)
    for other in left_shares(work.parts, which, of):
        work.encode(other, of, settings.workers)
    return None


def is_extracted(store: FeatureStore, encoder: Encoder, chunk: int) -> bool:
    """Returns whether an encoder's features are in a store, or all parts of them are.

    Raises:
        ErcbenchError: A set of that name was made otherwise.
    """
    plan = make_plan(encoder, store, chunk)
    work = Extraction(store, ExtractionParts(plan.folder(store.folder), plan), encoder)
    if plan.key in store.keys():
        existing_set(store, plan)
        if not work.outdated(read_report(report_path(store.folder, plan))):
            return True
    return len(work.finished(range(plan.chunks))) == plan.chunks


def finish(store: FeatureStore, parts: ExtractionParts, most_missing: float) -> FeatureSet:
    """Makes a feature set from its parts and removes them.

    Raises:
        ErcbenchError: Parts are missing, or a larger share of the rows than `most_missing`.
    """
    plan, finished = parts.plan, parts.finished()
    absent = [chunk for chunk in range(plan.chunks) if chunk not in finished]
    if absent:
        raise ErcbenchError(
            f"{plan.key}: {len(absent)} of {plan.chunks} parts are not there yet (the first is "
            f"number {absent[0]}). Extract the shards that are missing and merge again, or delete "
            f"{parts.folder} if these features are no longer wanted."
        )
    missing = parts.all_missing(range(plan.chunks))
    present = np.ones(plan.rows, dtype=bool)
    present[list(missing)] = False
    blocks = (parts.values(chunk) for chunk in range(plan.chunks))
    with store.lock:
        known = plan.key in store.keys()
        if not known:  # the report of a set that is there tells which of its rows to try again
            _report(store, plan, missing)
        features = store.add(
            plan.modality,
            plan.name,
            ValueBlocks((plan.rows, plan.width), np.dtype(np.float32), blocks),
            fitted_on=plan.fitted_on,
            present=present,
            most_missing=most_missing,
            chunk=plan.chunk,
            **plan.description,
        )
        if known:
            _report(store, plan, missing)
        shutil.rmtree(parts.folder, ignore_errors=True)
    return features


def check_inputs(corpus: Spoken, encoder: Encoder) -> None:
    """Checks that a corpus has what an encoder reads.

    Raises:
        ErcbenchError: No utterance has it.
    """
    wanted = inputs_of(encoder)
    utterances = (item.utterance for item in items_of(corpus))
    if wanted and not any(getattr(turn, name) for turn in utterances for name in wanted):
        whole = has_whole_recordings(corpus)
        uncut = " of its own (videos of whole dialogues are not cut here)" if whole else ""
        raise ErcbenchError(
            f"{encoder.modality}:{encoder.name}: no utterance of corpus '{corpus.name}' has "
            f"{' or '.join(wanted)}{uncut}. Give the folder of the release that holds the "
            f"recordings, or leave {encoder.modality} out."
        )


@dataclass(frozen=True)
class Extraction:
    """One encoder at work on one store, and what is finished of it.

    Attributes:
        store: Gets the features.
        parts: The finished chunks.
        encoder: What encodes.
    """

    store: FeatureStore
    parts: ExtractionParts
    encoder: Encoder

    def outdated(self, missing: Mapping[int, MissingRow]) -> set[int]:
        """Returns the chunks with a missing row whose recordings are not what they were.

        A whole chunk is encoded again, because what is computed together decides last bits.
        """
        size, found = self.parts.plan.chunk, set()
        for chunk, items in self.store.stored.items({row // size for row in missing}, size):
            for row, item in enumerate(items, start=chunk * size):
                if row in missing and recording_size(item, self.encoder) != missing[row].size:
                    found.add(chunk)
        return found

    def encode(self, which: int, of: int, workers: int) -> None:
        """Encodes what is left of one share, from 0, of several."""
        plan = self.parts.plan
        wanted = share_of(self.store.stored, plan, which, of)
        finished = self.finished(wanted)
        if of == 1 or len(finished) < len(wanted):
            encode_chunks(self.parts, self.encoder, self.store.stored, wanted, finished, workers)

    def finished(self, wanted: Collection[int]) -> set[int]:
        """Returns those of some chunks that are there and would come out the same."""
        there = self.parts.finished().intersection(wanted)
        return there - self.outdated(self.parts.all_missing(there))

    def take_apart(self, features: FeatureSet) -> None:
        """Makes parts of a finished set again, of all its chunks but those that are outdated."""
        plan = self.parts.plan
        missing = read_report(report_path(self.store.folder, plan))
        kept = set(range(plan.chunks)) - self.outdated(missing) - self.parts.finished()
        for chunk in sorted(kept):
            rows = plan.rows_of(chunk)
            values = features.rows(rows.start, rows.stop)
            why = [missing.get(row, MissingRow("not recorded", 0)) for row in rows]
            vectors = [
                vector if features.present[row] else told.reason
                for row, vector, told in zip(rows, values, why, strict=True)
            ]
            self.parts.write(chunk, vectors, [told.size for told in why])


def begin(store: FeatureStore, parts: ExtractionParts) -> None:
    """Writes the plan of an extraction."""
    with writing(parts.folder), store.lock:
        _remove_leftovers(store)
        parts.begin()


def _remove_leftovers(store: FeatureStore) -> None:
    """Removes what killed extractions left and nobody can go on with."""
    with suppress(OSError), store.lock:
        remove_leftovers(store.folder)
        for folder in store.folder.glob(".parts-*"):
            remove_leftovers(folder)
            if not (folder / PLAN).is_file() or _is_done(store, folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_done(store: FeatureStore, folder: Path) -> bool:
    """Returns whether parts, which nobody works on, are of a set that is in the store."""
    try:
        for lock in folder.glob("*.lock"):
            with FileLock(lock, timeout=0):
                pass
        return ExtractionParts.of(folder).plan.key in store.keys()
    except (Timeout, OSError, ErcbenchError):
        return False


def _report(store: FeatureStore, plan: ExtractionPlan, missing: Mapping[int, MissingRow]) -> None:
    write_report(report_path(store.folder, plan), plan, missing, store.stored.ids(missing))


def existing_set(store: FeatureStore, plan: ExtractionPlan) -> FeatureSet:
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
