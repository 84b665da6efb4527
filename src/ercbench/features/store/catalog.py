"""Feature stores by name: opened, made of a corpus, described."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ercbench.console import say
from ercbench.corpora.conversation import Corpus, first_few
from ercbench.corpora.counts import count_differences, is_published
from ercbench.corpora.registry import usual_store
from ercbench.corpora.source import Source
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import find_stores
from ercbench.features.store.manifest import CorpusSummary
from ercbench.features.store.stored_corpus import StoredCorpus
from ercbench.files import check_name, safe_name

MAKE = "ercbench prepare corpus=… root=…, or ercbench import"

# More labels than this are not told one by one.
MOST_LABELS = 40


def open_store(
    stores: Path, name: str | None, corpus: str | None = None, commands: str = MAKE
) -> FeatureStore:
    """Opens a store by name.

    Args:
        stores: Folder of the stores.
        name: Name of the store.
        corpus: The corpus that it must hold; None for any.
        commands: What makes it, for the message.

    Raises:
        ErcbenchError: No name is set, there is no such store, or it holds another corpus.
    """
    there = ", ".join(path.name for path in find_stores(stores)) or "none"
    if name is None:
        raise ErcbenchError(
            f"store is not set (there: {there}). Set store=NAME to one of these, or make one: "
            f"{commands}"
        )
    if safe_name(name) != name or not (stores / name).is_dir():
        raise ErcbenchError(
            f"store={name}: no such store in '{stores}' (there: {there}). Take one of these, or "
            f"make it: {commands}"
        )
    store = FeatureStore(stores / name)
    if corpus not in (None, store.summary().name):
        raise ErcbenchError(
            f"{store.folder}: holds corpus '{store.summary().name}', expected '{corpus}'. Set "
            "another dataset or another store."
        )
    return store


def folder_of(stores: Path, name: str | None, corpus: Corpus) -> Path:
    """Returns the folder of a corpus's store: by the name given, or by its usual one.

    Raises:
        ErcbenchError: The name given cannot be that of a folder.
    """
    return stores / (safe_name(usual_store(corpus)) if name is None else check_name("store", name))


@contextmanager
def open_or_create(corpus: Corpus, folder: Path) -> Iterator[FeatureStore]:
    """Yields the store of a corpus: the one that is there, or a new one, whole or not at all.

    Raises:
        ErcbenchError: There is a store with another corpus.
    """
    if not folder.exists():
        with FeatureStore.creating(folder, corpus) as store:
            yield store
        return
    store = FeatureStore(folder)
    if not store.stored.is_of(corpus):
        raise ErcbenchError(
            f"{folder}: holds the store of another corpus or of another reading of it "
            f"({describe_corpus(store.corpus)}; now: {describe_corpus(corpus)}). Give the new one "
            "another name with store=NAME, or delete this folder."
        )
    yield store


def add_given(store: FeatureStore, source: Source, most_missing: float) -> None:
    """Adds the features that came with a corpus, unless they are there.

    Raises:
        ErcbenchError: A larger share of a set's rows than `most_missing` is unusable.
    """
    for key in source.features.keys() - set(store.keys()):
        modality, name = key.split(":", 1)
        store.add(
            modality,
            name,
            source.features[key],
            encoder="came with the corpus",
            fitted_on=source.fitted_on.get(key),
            most_missing=most_missing,
            source=source.corpus.provenance.get("source"),
        )


def announce(store: FeatureStore) -> None:
    """Says what a store holds, where its labels are from, and what differs from the papers."""
    sizes, told = store.summary(), store.stored.provenance
    say(f"{store.folder}: {_described(sizes, sizes.conversations, sizes.utterances)}")
    say(f"recognised: {told.get('source', sizes.name)}")
    say(f"labels: {count_labels(store.stored)}; {told.get('labels', 'of unrecorded origin')}")
    if covered := told.get("covered"):
        say(f"only a part of the corpus: {covered}")
    if called := told.get("conversations"):
        say(f"conversations: {called}")
    for difference in count_differences(store.corpus) if is_published(sizes.name) else ():
        say(f"differs from what is published: {difference}")
    for key in store.keys():
        say(f"there already: {describe_features(store.header(key))}")


def describe_corpus(corpus: Corpus) -> str:
    """Returns one line: name, counts, labels and splits."""
    return _described(corpus, len(corpus.conversations), sum(map(len, corpus.conversations)))


def _described(corpus: Corpus | CorpusSummary, conversations: int, utterances: int) -> str:
    return (
        f"{corpus.name}, {conversations} conversations, {utterances} utterances, "
        f"{len(corpus.labels)} labels, splits: {', '.join(corpus.splits) or 'none'}"
    )


def count_labels(corpus: StoredCorpus) -> str:
    """Returns how many utterances have each label, and how many have none."""
    counts = Counter(label for (own,) in corpus.columns("label") for label in own.to_pylist())
    told = [f"{label} {counts[label]}" for label in corpus.labels] or ["none"]
    unlabelled = f"; {counts[None]} utterances without one" if counts[None] else ""
    return first_few(told, MOST_LABELS) + unlabelled


def describe_features(features: FeatureSet) -> str:
    """Returns one line: name, width, missing rows and what made them."""
    missing = int((~features.present).sum())
    made = features.metadata
    revision = f" at {made['revision']}" if made.get("revision") else ""
    seen = made["fitted_on"]
    learnt = f"; its encoder learned from {len(seen)} conversations" if seen else ""
    if seen is None:
        learnt = "; whose labels its encoder saw is not known"
    return (
        f"{features.key}: width {features.width}, {missing} of {len(features.present)} missing, "
        f"by {made['encoder']}{revision}{learnt}"
    )
