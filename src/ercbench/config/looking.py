"""The types of the settings of `ercbench list`, `show` and `stores`."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.settings import Settings, Share, one_of

KINDS = ("models", "corpora", "encoders", "metrics", "experiments")


@dataclass(kw_only=True)
class ListSettings(Settings):
    """Everything `ercbench list` can be told.

    Attributes:
        kind: Of what.
        names: Whether to print nothing but names, a line each.
    """

    kind: Annotated[str, one_of(*KINDS)]
    names: bool


@dataclass(kw_only=True)
class ShowSettings(Settings):
    """Everything `ercbench show` can be told.

    Attributes:
        run: Folder of a finished run.
        studies: Folder of the tuning studies, which need not be there.
    """

    run: str
    studies: str


@dataclass(kw_only=True)
class StoresSettings(Settings):
    """Everything `ercbench stores` can be told.

    Attributes:
        stores: Folder of the feature stores.
        merge: Stores whose shards are put together, in the first; none to list those there are.
        most_missing: Above this share of rows without a vector a merged set is refused.
    """

    stores: str
    merge: list[str]
    most_missing: Share
