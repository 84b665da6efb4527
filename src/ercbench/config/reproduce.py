"""The types of the settings of `ercbench reproduce`."""

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass
class RowSettings:
    """A row of a paper's table of results.

    Attributes:
        row: What the paper calls it.
        corpus: Name of the corpus.
        store: Usual name of its store.
        classes: Number of labels.
        experiment: The experiment that runs it.
        modalities: What the paper's row sees.
    """

    row: str = MISSING
    corpus: str = MISSING
    store: str = MISSING
    classes: int = MISSING
    experiment: str = MISSING
    modalities: list[str] = MISSING


@dataclass
class PaperSettings:
    """A paper.

    Attributes:
        model: Name of the model's class.
        rows: Its published rows.
        deviations: How the model here departs from the paper's, in a few words.
    """

    model: str = MISSING
    rows: list[RowSettings] = MISSING
    deviations: str = MISSING


@dataclass
class ReproduceSettings:
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
        runs: Folder of the run records.
        out: Folder of the verdict.
        stores: Folder of the feature stores.
    """

    paper: PaperSettings = field(default_factory=PaperSettings)
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    simulated: bool = False
    size: str = "laptop"
    text: str | None = None
    audio: str | None = None
    visual: str | None = None
    settings: list[str] = field(default_factory=list)
    plan: bool = False
    runs: str = "runs/reproduce"
    out: str = "report/reproduce"
    stores: str = "stores"
