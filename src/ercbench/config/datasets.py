"""The types of the settings of every dataset."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.corpora.simulated.simulation import SimulationSettings
from ercbench.settings import ClassSettings, Count, one_of


@dataclass(kw_only=True)
class DatasetSettings(ClassSettings):
    """What every dataset has.

    Attributes:
        split: Name of one of the corpus's splits.
        batch_size: Conversations per batch.
        window: Batches whose conversations are sorted by length together; 1 keeps batches random.
        target: What is learned: the labels, or the score of each utterance.
    """

    split: str
    batch_size: Count
    window: Count
    target: Annotated[str, one_of("labels", "score")]


@dataclass(kw_only=True)
class SimulatedSettings(DatasetSettings):
    """The embedded corpus.

    Attributes:
        simulation: What it is like.
    """

    simulation: SimulationSettings


@dataclass(kw_only=True)
class PreparedSettings(DatasetSettings):
    """A corpus that the user prepared.

    Attributes:
        store: Name of its store; None if it has no usual one.
    """

    store: str | None


@dataclass(kw_only=True)
class RegisteredSettings(PreparedSettings):
    """Any registered corpus that the user prepared: `/schema/dataset/prepared`.

    Attributes:
        corpus: Its registered name.
    """

    corpus: str


DATASETS: dict[str, type[DatasetSettings]] = {
    "simulated": SimulatedSettings,
    "mosi": PreparedSettings,
    "meld": PreparedSettings,
    "iemocap": PreparedSettings,
    "csv": PreparedSettings,
}
