"""Which corpora there are, how each is read, and what is published of it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from omegaconf import OmegaConf

from ercbench.corpora.conversation import Corpus
from ercbench.corpora.source import Source
from ercbench.files import config_folder
from ercbench.registry import Registry


@dataclass(frozen=True)
class PublishedCounts:
    """Counts of train, validation and test of one split.

    Attributes:
        split: The split's name.
        conversations: By part; None where nobody prints it.
        utterances: Labelled ones, likewise.
        source: Who prints them, and what is odd about them.
        classes: Number of labels, or 0 where the counts do not depend on it.
    """

    split: str
    conversations: tuple[int | None, int | None, int | None]
    utterances: tuple[int | None, int | None, int | None]
    source: str
    classes: int = 0


def _own_name(corpus: Corpus) -> str:
    return corpus.name


@dataclass(frozen=True)
class CorpusReader:
    """A corpus that can be had by name.

    Attributes:
        name: As in `corpus=<name>` and `dataset=<name>`.
        title: As in tables.
        summary: What it is, in a line, with its source.
        read: Called with the folder or file `root` and `settings` that were given; None for a
            corpus that is made, not read.
        files: Whether `root` may also be a pattern of files, or a path for each part.
        settings: Names of the settings that `read` has beside `root`.
        folds: Splits whose test parts together are the corpus, each conversation once: reports
            pool runs on all of them.
        store_name: What the store of such a corpus is called, unless it is given another name.
        counts: What is published of its size.
        conf: Hydra's search path of another package's settings, `pkg://package.conf`, in which
            `dataset/<name>.yaml` lies.
    """

    name: str
    title: str
    summary: str
    read: Callable[..., Source] | None
    settings: tuple[str, ...] = ()
    files: bool = False
    folds: tuple[str, ...] = ()
    store_name: Callable[[Corpus], str] = _own_name
    counts: tuple[PublishedCounts, ...] = ()
    conf: str | None = None

    @property
    def split(self) -> str | None:
        """The split in use unless another is named, of `conf/dataset/<name>.yaml`; None without."""
        folder = files(self.conf.removeprefix("pkg://")) if self.conf else config_folder()
        file = folder / "dataset" / f"{self.name}.yaml"
        settings: Any = OmegaConf.create(file.read_text()) if file.is_file() else {}
        return settings.get("split")


CORPORA: Registry[CorpusReader] = Registry(
    "corpus", "ercbench.corpora", "CORPORA", "ercbench.corpora", CorpusReader
)


def usual_store(corpus: Corpus) -> str:
    """Returns what the store of a corpus is called, unless it is given another name."""
    known = CORPORA.entries.get(corpus.name)
    return known.store_name(corpus) if known else corpus.name


def folds_of(corpus: str) -> tuple[str, ...]:
    """Returns the splits that are the folds of a corpus, by its name; none if it declares none."""
    return CORPORA[corpus].folds if corpus in CORPORA else ()


def usual_split(corpus: Corpus) -> str | None:
    """Returns the split that is used unless another is named: the corpus's usual or only one."""
    known: Any = CORPORA.entries.get(corpus.name)
    if known and known.split in corpus.splits:
        return known.split
    return next(iter(corpus.splits)) if len(corpus.splits) == 1 else None
