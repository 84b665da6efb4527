"""The type of the settings of `ercbench robust`."""

from dataclasses import dataclass
from typing import Annotated, Any

from ercbench.data.damage import UNITS
from ercbench.settings import Count, Settings, Share, between, one_of, require

Ratio = Annotated[float, between(-100, 100)]


@dataclass(kw_only=True)
class RobustSettings(Settings):
    """Everything `ercbench robust` can be told.

    Attributes:
        runs: Folder of the run records, a run's own, or a pattern of their names.
        modality: That is dropped or noisy, one or a list in turn; None for all that are read.
        drop: Rates at which it is missing.
        noise: Signal-to-noise ratios of its standardised features, in dB.
        recordings: Signal-to-noise ratios of the recordings under white noise, in dB.
        words: Word error rates of the transcript.
        by: What goes missing together.
        draws: Of what is left to chance.
        resamples: Of the bootstrap over dialogues and seeds.
        out: Folder for tables as files and figures; None to print alone.
        stores: Folder of the feature stores; None for the one that each run names.
        studies: Folder of the tuning studies, which need not be there.
        cache: Folder of the stores with features of damaged transcripts and recordings.
    """

    runs: str
    modality: Any
    drop: list[Share]
    noise: list[Ratio]
    recordings: list[Ratio]
    words: list[Share]
    by: Annotated[str, one_of(*UNITS)]
    draws: Count
    resamples: Annotated[int, between(100, 1_000_000)]
    out: str | None
    stores: str | None
    studies: str
    cache: str

    def __post_init__(self) -> None:
        super().__post_init__()
        named = self.modality if isinstance(self.modality, list) else [self.modality or ""]
        names = all(isinstance(name, str) for name in named)
        require("modality", self.modality, names, "a modality or a list of them, such as audio")
