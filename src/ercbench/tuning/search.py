"""What a study is asked, as it is handed to the processes that work on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ercbench.tuning.space import Space


@dataclass(frozen=True)
class Search:
    """What a study is asked.

    Attributes:
        study: Its name.
        folder: Its folder.
        storage: Optuna's URL of a database; None for a file in the folder.
        base: Settings of a run, which trials change; their `protocol.test` is false.
        space: What may be tried.
        pruner: What stops trials early, by name.
        budget: How many trials may complete or be pruned.
        identity: All that a study of this name must agree on, under the names that messages use.
    """

    study: str
    folder: Path
    storage: str | None
    base: DictConfig
    space: Space
    pruner: str
    budget: int
    identity: dict[str, Any]

    @property
    def metric(self) -> str:
        """The selection metric on validation, which is maximised."""
        return str(self.base.selection.metric)
