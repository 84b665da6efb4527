"""`ercbench list`: what there is, with a line each."""

from collections.abc import Callable, Iterable, Sequence

from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from ercbench.config.choices import choices, headline
from ercbench.console import wide_console
from ercbench.corpora.registry import CORPORA
from ercbench.files import config_folder
from ercbench.metrics import METRICS
from ercbench.models.registry import MODELS, TRAINABLE_ENCODERS

Rows = Iterable[tuple[str, ...]]


def list_command(config: DictConfig) -> None:
    """Prints the entries of one kind.

    Args:
        config: As `ListSettings` describes it.
    """
    columns, rows = KINDS[config.kind]
    if config.names:
        print("\n".join(row[0].rpartition("=")[2] for row in rows()))
    else:
        wide_console().print(_table(config.kind, columns, rows()))


def models() -> Rows:
    """Yields every dialogue model."""
    for model in MODELS:
        marks = "a reconstruction" if model.reconstruction else ""
        yield f"model={model.name}", model.title, model.summary, marks


def corpora() -> Rows:
    """Yields every corpus."""
    for corpus in CORPORA:
        how = "made on first use" if corpus.read is None else f"prepare corpus={corpus.name}"
        yield corpus.name, corpus.title, corpus.summary, corpus.split or "its own", how


def encoders() -> Rows:
    """Yields every utterance encoder, frozen ones first."""
    from ercbench.features.encoders.registry import ENCODERS

    for frozen in sorted(ENCODERS, key=lambda entry: entry.modality):
        yield f"{frozen.modality}={frozen.name}", "as it comes", frozen.summary
    for trained in TRAINABLE_ENCODERS:
        yield f"encoder={trained.name}", f"trained, reads {trained.modality}", trained.summary


def metrics() -> Rows:
    """Yields every metric."""
    for metric in METRICS.values():
        best = "higher is better" if metric.higher_is_better else "lower is better"
        chooses = f"selection.metric={metric.name}" if metric.selects else "no"
        yield metric.name, metric.title, best, chooses


def experiments() -> Rows:
    """Yields every experiment, described by the first line of its file."""
    for name in choices("experiment"):
        file = config_folder() / "experiment" / f"{name}.yaml"
        yield f"experiment={name}", headline(file)


KINDS: dict[str, tuple[tuple[str, ...], Callable[[], Rows]]] = {
    "models": (("setting", "title", "what it is", ""), models),
    "corpora": (("name", "title", "what it is", "usual split", "how to get it"), corpora),
    "encoders": (("setting", "used", "what it is"), encoders),
    "metrics": (("name", "title", "", "may choose epochs"), metrics),
    "experiments": (("setting", "what it is"), experiments),
}
"""Kind to the titles of its columns, and what yields its rows."""


def _table(kind: str, columns: Sequence[str], rows: Rows) -> Table:
    table = Table(title=kind)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
