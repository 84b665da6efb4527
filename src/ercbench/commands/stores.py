"""Feature stores listed, and shards put together in one."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from ercbench.console import say, wide_console
from ercbench.corpora.speakers import SHARED
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.finding import find_parts, find_stores
from ercbench.files import expanded


def stores_command(config: DictConfig) -> None:
    """Lists the stores in a folder, or merges shards.

    Args:
        config: As `StoresSettings` describes it.

    Raises:
        ErcbenchError: There is nothing to list or to merge.
    """
    if config.merge:
        first, *others = [expanded(store) for store in config.merge]
        merge(first, others, config.most_missing)
    else:
        wide_console().print(list_stores(expanded(config.stores)))


def list_stores(folder: Path) -> Table:
    """Returns a table of the stores in a folder.

    Raises:
        ErcbenchError: There is none; one that is damaged is listed so.
    """
    stores = find_stores(folder, damaged=True)
    if not stores:
        raise ErcbenchError(
            f"No feature stores in '{folder}'. Make one with ercbench prepare, or give another "
            "folder."
        )
    table = Table(title=f"feature stores in {folder}")
    for title in ("store", "corpus", "splits: train / validation / test", "features", "fitted on"):
        table.add_column(title, overflow="fold")
    for path in stores:
        table.add_row(*map(Text, (path.name, *_columns(path))))
        table.add_section()
    return table


def merge(folder: Path, others: Sequence[Path], most_missing: float) -> list[FeatureSet]:
    """Puts the shards of several machines together in one store.

    Args:
        folder: The store that gets the features; it may hold a shard itself.
        others: Stores of the same corpus with the other shards.
        most_missing: Above this share of rows without a vector a set is refused.

    Raises:
        ErcbenchError: As in `merge_shards`.
    """
    from ercbench.features.store.catalog import describe_features
    from ercbench.features.store.shards import merge_shards

    merged = merge_shards(FeatureStore(folder), others, most_missing)
    for features in merged:
        say(describe_features(features))
    return merged


def _columns(folder: Path) -> tuple[str, ...]:
    """Returns what is known of a store without reading what was said, nor any values."""
    try:
        store = FeatureStore(folder)
        corpus = store.summary()
    except ErcbenchError as error:
        return f"damaged: {error}", "", "", ""
    features = [_features(store, key) for key in store.keys()]
    unfinished = [_unfinished(parts) for parts in find_parts(folder)]
    return (
        f"{corpus.name}\n{corpus.conversations} conversations\n{corpus.utterances} utterances\n"
        f"{len(corpus.labels)} labels",
        "\n".join(
            _split(name, parts, SHARED.get(corpus.validation_speakers[name]))
            for name, parts in corpus.splits.items()
        ),
        "\n".join([line for line, _ in features] + unfinished) or "none",
        "\n".join(fitted_on for _, fitted_on in features),
    )


def _split(name: str, parts: Sequence[int], shared: str | None) -> str:
    sizes = f"{name}: {' / '.join(map(str, parts))}"
    return f"{sizes}; {shared}" if shared else sizes


def _features(store: FeatureStore, key: str) -> tuple[str, str]:
    """Returns a line on a set and one on whose labels made it."""
    try:
        features = store.header(key)
    except ErcbenchError as error:
        return f"{key}: damaged: {error}", ""
    missing = int((~features.present).sum())
    line = f"{key} [{features.width}]" + (f", {missing} missing" if missing else "")
    seen = features.metadata["fitted_on"]
    if seen is None:
        return line, "unknown"
    return line, f"{len(seen)} conversations" if seen else "nobody's labels"


def _unfinished(folder: Path) -> str:
    from ercbench.features.store.parts import ExtractionParts

    try:
        parts = ExtractionParts.of(folder)
    except ErcbenchError as error:
        return f"damaged: {error}"
    return f"{parts.plan.key}: {len(parts.finished())} of {parts.plan.chunks} parts"
