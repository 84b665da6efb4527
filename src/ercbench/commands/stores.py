"""Feature stores listed, and shards put together in one."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from ercbench.console import say, wide_console
from ercbench.corpora.conversation import Corpus
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import describe_features, find_stores
from ercbench.features.store.extraction import merge_shards
from ercbench.features.store.feature_store import FeatureSet, FeatureStore
from ercbench.features.store.parts import Parts
from ercbench.files import expanded


def stores_command(arguments: Sequence[str]) -> None:
    """Lists the stores in a folder, or merges shards.

    Args:
        arguments: At most one folder; or `merge` and at least one store.

    Raises:
        ErcbenchError: They are others, or there is nothing to list or to merge.
    """
    first, *others = [expanded(argument) for argument in arguments] or [Path("stores")]
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
