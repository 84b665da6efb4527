"""The types of the settings of `ercbench reproduce`."""

from dataclasses import dataclass
from typing import Annotated, Any

from ercbench.settings import Seed, Settings, one_of, require


@dataclass(kw_only=True)
class RowSettings(Settings):
    """A row of a paper's table of results.

    Attributes:
        row: What the paper calls it.
        corpus: Name of the corpus.
        store: Usual name of its store.
        classes: Number of labels.
        experiment: The experiment that runs it.
        modalities: What the paper's row sees.
    """

    row: str
    corpus: str
    store: str
    classes: int
    experiment: str
    modalities: list[str]


@dataclass(kw_only=True)
class PaperSettings(Settings):
    """A paper.

    Attributes:
        model: Name of the model's class.
        rows: Its published rows.
        deviations: How the model here departs from the paper's, in a few words.
    """

    model: str
    rows: list[RowSettings]
    deviations: str


@dataclass(kw_only=True)
class ReproduceSettings(Settings):
    """Everything `ercbench reproduce` can be told.

    Attributes:
        paper: The paper's rows.
        seeds: Of the runs of each row.
        simulated: Whether to run on simulated data instead of the paper's corpora.
        size: `laptop`, or `paper` for the `*_paper` experiments where there are any.
        text: Name of the feature set of text, where a store has several.
        audio: The same of sound.
        visual: The same of pictures.
        settings: Further settings of every run.
        plan: Only shows what would be run.
        launcher: How the runs are started; None for one after the other, in this process.
        runs: Folder of the run records.
        out: Folder of the verdict.
        stores: Folder of the feature stores.
    """

    paper: PaperSettings
    seeds: list[Seed]
    simulated: bool
    size: Annotated[str, one_of("laptop", "paper")]
    text: str | None
    audio: str | None
    visual: str | None
    settings: list[str]
    plan: bool
    launcher: Any
    runs: str
    out: str
    stores: str

    def __post_init__(self) -> None:
        super().__post_init__()
        require("seeds", self.seeds, bool(self.seeds), "at least one, as in [0]")
