"""The stores that are there: made, added to, listed, merged."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ercbench.console import wide_console
from ercbench.corpora.conversation import Corpus
from ercbench.corpora.published import count_differences
from ercbench.corpora.reading import Source
from ercbench.errors import ErcbenchError
from ercbench.features.extract import merge_shards
from ercbench.features.parts import Parts
from ercbench.features.store import FeatureSet, FeatureStore


def stores_command(arguments: Sequence[str]) -> None:
    """Lists the stores in a folder, or merges shards.

    Args:
        arguments: At most one folder; or `merge` and at least one store.

    Raises:
        ErcbenchError: They are others, or there is nothing to list or to merge.
    """
    first, *others = [Path(argument).expanduser() for argument in arguments] or [Path("stores")]
    merging = str(first) == "merge"
    if any(argument.startswith("-") for argument in arguments) or bool(others) != merging:
        raise ErcbenchError(
            f"stores: found {' '.join(arguments)}; expected at most one folder, or merge and the "
            "folders of stores."
        )
    if merging:
        merge(others[0], others[1:])
    else:
        wide_console().print(list_stores(first))


def list_stores(folder: Path) -> Table:
    """Returns a table of the stores in a folder.

    Raises:
        ErcbenchError: There is none, or one is damaged.
    """
    stores = find_stores(folder)
    if not stores:
        raise ErcbenchError(
            f"No feature stores in '{folder}'. Make one with ercbench prepare, or give another "
            "folder."
        )
    table = Table(title=f"feature stores in {folder}")
    for title in ("store", "corpus", "splits: train / validation / test", "features", "fitted on"):
        table.add_column(title, overflow="fold")
    for path in stores:
        _add_rows(table, FeatureStore(path))
        table.add_section()
    return table


def find_stores(folder: Path) -> list[Path]:
    """Returns the stores in a folder, by name."""
    paths = sorted(path.parent for path in folder.glob("*/corpus.json"))
    return [path for path in paths if not path.name.startswith(".")]


def merge(folder: Path, others: Sequence[Path]) -> list[FeatureSet]:
    """Puts the shards of several machines together in one store.

    Args:
        folder: The store that gets the features; it may hold a shard itself.
        others: Stores of the same corpus with the other shards.

    Raises:
        ErcbenchError: As in `merge_shards`.
    """
    merged = merge_shards(FeatureStore(folder), others)
    for features in merged:
        say(describe_features(features))
    return merged


def open_store(stores: Path, name: str) -> FeatureStore:
    """Opens a store by name.

    Raises:
        ErcbenchError: There is none of that name; the message lists those there are.
    """
    if not (stores / name).is_dir():
        there = ", ".join(path.name for path in find_stores(stores)) or "none"
        raise ErcbenchError(
            f"store={name}: no such store in '{stores}' (there: {there}). Take one of these, or "
            "make it with ercbench prepare corpus=… root=… or ercbench import."
        )
    return FeatureStore(stores / name)


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
    if store.corpus != corpus:
        raise ErcbenchError(
            f"{folder}: holds the store of another corpus or of another reading of it "
            f"({describe_corpus(store.corpus)}; now: {describe_corpus(corpus)}). Give the new one "
            "another name with store=NAME, or delete this folder."
        )
    yield store


def add_given(store: FeatureStore, source: Source) -> None:
    """Adds the features that came with a corpus, unless they are there."""
    for key in source.features.keys() - set(store.keys()):
        modality, name = key.split(":", 1)
        store.add(
            modality,
            name,
            source.features[key],
            encoder="came with the corpus",
            fitted_on=source.fitted_on.get(key),
            source=source.corpus.provenance.get("source"),
        )


def report(store: FeatureStore) -> None:
    """Says what a store holds, where its labels are from, and what differs from the papers."""
    corpus = store.corpus
    say(f"{store.folder}: {describe_corpus(corpus)}")
    say(f"recognised: {corpus.provenance.get('source', corpus.name)}")
    say(f"labels: {corpus.provenance.get('labels', 'of unrecorded origin')}")
    for difference in count_differences(corpus):
        say(f"differs from what is published: {difference}")
    for key in store.keys():
        say(f"there already: {describe_features(store.open(*key.split(':', 1)))}")


def describe_corpus(corpus: Corpus) -> str:
    """Returns one line: name, counts, labels and splits."""
    utterances = sum(len(conversation) for conversation in corpus.conversations)
    return (
        f"{corpus.name}, {len(corpus.conversations)} conversations, {utterances} utterances, "
        f"{len(corpus.labels)} labels, splits: {', '.join(corpus.splits) or 'none'}"
    )


def describe_features(features: FeatureSet) -> str:
    """Returns one line: name, width, missing rows and what made them."""
    missing = int((~features.present).sum())
    made = features.metadata
    revision = f" at {made['revision']}" if made.get("revision") else ""
    return (
        f"{features.key}: width {features.width}, {missing} of {len(features.present)} missing, "
        f"by {made['encoder']}{revision}"
    )


def say(line: str) -> None:
    """Prints a line beside the results, on standard error."""
    Console(stderr=True, soft_wrap=True).print(line, markup=False, highlight=False)


def _add_rows(table: Table, store: FeatureStore) -> None:
    sets = [store.open(*key.split(":", 1)) for key in store.keys()]
    parts = [Parts.of(folder) for folder in Parts.folders(store.folder)]
    unfinished = [f"{p.plan.key}: {len(p.finished())} of {p.plan.chunks} parts" for p in parts]
    features = [_feature_line(features) for features in sets] + unfinished
    table.add_row(
        store.folder.name,
        "\n".join(_corpus_lines(store.corpus)),
        "\n".join(_split_line(store.corpus, name) for name in store.corpus.splits),
        "\n".join(features) or "none",
        "\n".join(_fitted_on(features) for features in sets),
    )


def _corpus_lines(corpus: Corpus) -> list[str]:
    utterances = sum(len(conversation) for conversation in corpus.conversations)
    return [
        corpus.name,
        f"{len(corpus.conversations)} conversations",
        f"{utterances} utterances",
        f"{len(corpus.labels)} labels",
    ]


def _split_line(corpus: Corpus, name: str) -> str:
    lengths = {conversation.id: len(conversation) for conversation in corpus.conversations}
    parts = corpus.split(name).parts().values()
    return f"{name}: {' / '.join(str(sum(lengths[id] for id in ids)) for ids in parts)}"


def _feature_line(features: FeatureSet) -> str:
    missing = int((~features.present).sum())
    return f"{features.key} [{features.width}]" + (f", {missing} missing" if missing else "")


def _fitted_on(features: FeatureSet) -> str:
    seen = features.metadata["fitted_on"]
    if seen is None:
        return "unknown"
    return f"{len(seen)} conversations" if seen else "nobody's labels"
