"""The type of the settings of `ercbench add`."""

from dataclasses import dataclass
from typing import Any

from ercbench.settings import Settings


@dataclass(kw_only=True)
class AddSettings(Settings):
    """Everything `ercbench add` can be told.

    Attributes:
        predictions: Files, or patterns of their names, one or a list: a seed each.
        dataset: The data module's settings; its store has truth, speakers and dialogues.
        name: What the model is called in tables.
        seed: Of each file, one or a list; None for that in the file's name.
        labels: In the order of the files' indices or columns; None if they say it.
        runs: Folder of the run records.
        store: Name of the prepared store, instead of the dataset's usual one.
        stores: Folder of the feature stores.
    """

    predictions: Any
    dataset: Any
    name: str | None
    seed: Any
    labels: Any
    runs: str
    store: str | None
    stores: str
