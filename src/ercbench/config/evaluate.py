"""The types of the settings of `ercbench evaluate`."""

from dataclasses import dataclass
from typing import Any

from ercbench.corpora.conversation import PARTS
from ercbench.settings import Settings, require


@dataclass(kw_only=True)
class LabelSettings(Settings):
    """What becomes of a run's labels.

    Attributes:
        map: A name in `conf/label_map`, or a YAML file; None if both have the same labels.
    """

    map: str | None


@dataclass(kw_only=True)
class EvaluateSettings(Settings):
    """Everything `ercbench evaluate` can be told.

    Attributes:
        run: Folders of runs, or patterns of them, one or a list.
        store: Name of the store to evaluate on.
        split: Of its corpus; None for its usual one.
        part: `test`, `train`, `validation` or `all`; None for test, of which no run may have
            seen anything.
        labels: What becomes of the labels.
        evaluations: Folder of the records.
        stores: Folder of the feature stores.
        studies: Folder of the tuning studies, which need not be there.
    """

    run: Any
    store: str | None
    split: str | None
    part: str | None
    labels: LabelSettings
    evaluations: str
    stores: str
    studies: str

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = (*PARTS, "all")
        require("part", self.part, self.part in (None, *parts), f"one of {', '.join(parts)}")
