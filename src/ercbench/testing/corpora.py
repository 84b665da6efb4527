"""The contract of a corpus."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ercbench.corpora.conversation import Corpus, first_few
from ercbench.corpora.registry import CORPORA, CorpusReader, usual_store
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore
from ercbench.files import check_name
from ercbench.testing.clauses import Clause, NotAskedError, check_all, clause, expect


@dataclass(frozen=True)
class Reading:
    """A corpus that is checked.

    Attributes:
        read: Reads it, anew each time.
        entry: What it is registered with; None if it is not.
    """

    read: Callable[[], Source]
    entry: CorpusReader | None = None

    @property
    def corpus(self) -> Corpus:
        """What was said, read anew."""
        return self.read().corpus


@clause("sets and folders that are gone through in no fixed order.")
def reading_twice_gives_the_same(reading: Reading) -> None:
    """Reading it twice gives the same."""
    first, again = reading.corpus, reading.corpus
    for part in ("name", "labels", "conversations", "splits", "provenance"):
        expect(getattr(first, part) == getattr(again, part), f"{part} that differ.")


@clause("the corpus's name and the entry's store_name.")
def its_store_has_a_name(reading: Reading) -> None:
    """Its name can be that of a folder."""
    check_name("name", usual_store(reading.corpus))


@clause("the entry's `split` and the names of the splits that the reader makes.")
def its_usual_split_exists(reading: Reading) -> None:
    """It has the split that its entry calls usual."""
    if reading.entry is None or reading.entry.split is None:
        raise NotAskedError("no split is called usual.")
    splits = reading.corpus.splits
    expect(reading.entry.split in splits, f"{', '.join(splits)}, not '{reading.entry.split}'.")


@clause("the entry's `folds` and the test parts of these splits.")
def its_folds_test_each_conversation_once(reading: Reading) -> None:
    """The test parts of its folds are the corpus, each conversation once."""
    if reading.entry is None or not reading.entry.folds:
        raise NotAskedError("it declares no folds.")
    corpus = reading.corpus
    tested = Counter(id for fold in reading.entry.folds for id in corpus.split(fold).test)
    expect(set(tested) == {c.id for c in corpus.conversations}, f"{len(tested)} in some fold.")
    twice = [id for id, count in tested.items() if count > 1]
    expect(not twice, f"{first_few(twice)} in more than one fold.")


@clause("how labels are read, and the label set.")
def every_label_occurs(reading: Reading) -> None:
    """Every label is given to some utterance."""
    corpus = reading.corpus
    given = {utterance.label for utterance in corpus.utterances()}
    idle = [label for label in corpus.labels if label not in given]
    expect(not idle, f"no utterance labelled {first_few(idle)}.")


@clause("the splits: a part without a label can neither fit nor choose nor test a model.")
def every_part_has_labels(reading: Reading) -> None:
    """Every part of every split has labelled utterances."""
    corpus = reading.corpus
    if not corpus.labels:
        raise NotAskedError("it has no labels.")
    labelled = {c.id for c in corpus.conversations if any(u.label for u in c.utterances)}
    for name, split in corpus.splits.items():
        for part, ids in split.parts().items():
            expect(labelled & set(ids), f"no label in the {part} part of '{name}'.")


@clause("what becomes of a path: a manifest's must hold wherever the next command runs.")
def recordings_are_where_it_says(reading: Reading) -> None:
    """Recordings have absolute paths, and are there."""
    for utterance in reading.corpus.utterances():
        for path in filter(None, (utterance.audio, utterance.video)):
            there = Path(path).is_absolute() and Path(path).is_file()
            expect(there, f"'{path}' of utterance '{utterance.id}'.")


@clause("the provenance: text, numbers, lists and dicts with names as keys.")
def its_provenance_is_json(reading: Reading) -> None:
    """Its provenance consists of plain JSON values."""
    provenance = dict(reading.corpus.provenance)
    expect(json.loads(json.dumps(provenance)) == provenance, "one that JSON gives back changed.")


@clause("types of fields: a number where text belongs, a tuple where JSON has a list.")
def a_store_gives_it_back(reading: Reading) -> None:
    """A feature store gives it back as it was."""
    corpus = reading.corpus
    with TemporaryDirectory() as folder:
        with FeatureStore.creating(Path(folder) / "store", corpus):
            pass
        stored = FeatureStore(Path(folder) / "store").corpus
    expect(stored == corpus, "another corpus in the store that was made of it.")


@clause("the arrays that the reader returns beside the corpus.")
def its_features_fit(reading: Reading) -> None:
    """Features that come with it have a finite float32 row for each utterance."""
    source = reading.read()
    if not source.features:
        raise NotAskedError("no features come with it.")
    rows = len(list(source.corpus.utterances()))
    known = {conversation.id for conversation in source.corpus.conversations}
    for key, values in source.features.items():
        expect(len(key.split(":")) == 2, f"'{key}', expected 'modality:name'.")
        described = f"{key} {values.dtype} {list(values.shape)} for {rows} utterances"
        expect(values.dtype == np.float32 and values.shape[:-1] == (rows,), f"{described}.")
        expect(np.isfinite(values).all(), f"{key} with NaN or infinite values.")
        unknown = sorted({*(source.fitted_on.get(key) or ())} - known)
        expect(not unknown, f"{key} fitted on conversations not in it: {first_few(unknown)}.")


CORPUS_CONTRACT: tuple[Clause, ...] = (
    reading_twice_gives_the_same,
    its_store_has_a_name,
    its_usual_split_exists,
    its_folds_test_each_conversation_once,
    every_label_occurs,
    every_part_has_labels,
    recordings_are_where_it_says,
    its_provenance_is_json,
    a_store_gives_it_back,
    its_features_fit,
)
"""The clauses."""


def check_corpus(
    corpus: Corpus | CorpusReader | str,
    root: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[str]:
    """Checks the contract of a corpus.

    That ids are unique, labels in the label set and splits partitions of the conversations is
    checked whenever a `Corpus` is made.

    Args:
        corpus: A corpus, or a reader or its registered name.
        root: What a reader reads.
        settings: Of the reader.

    Returns:
        What each clause says; of one that asks nothing of this corpus, also why.

    Raises:
        ContractError: A clause does not hold.
        ErcbenchError: There is no such reader, or it cannot read what it is given.
    """
    if isinstance(corpus, Corpus):
        source = Source(corpus)
        return check_all(Reading(lambda: source), CORPUS_CONTRACT)
    entry = CORPORA[corpus] if isinstance(corpus, str) else corpus
    read = entry.read
    if read is None or root is None:
        raise ErcbenchError(f"{entry.name}: nothing to read. Give a reader and the root it reads.")
    where, options = Path(root).absolute(), dict(settings or {})
    reading = Reading(lambda: read(where, **options), entry)
    reading.read()
    return check_all(reading, CORPUS_CONTRACT)
