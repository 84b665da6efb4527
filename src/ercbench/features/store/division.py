"""How the work of an extraction is divided."""

from dataclasses import dataclass

from ercbench.errors import ErcbenchError
from ercbench.settings import Count, Settings, Share


@dataclass(kw_only=True)
class ExtractionSettings(Settings):
    """How the work is divided; only `chunk` can touch the values, in their last bits.

    Attributes:
        workers: Processes, each of one thread, so that their number changes nothing.
        shard: `3/8` does the third of eight parts of the work, for `merge_shards` to put
            together.
        chunk: Utterances that are encoded together and finished together.
        most_missing: Above this share of rows without a vector the set is refused.
    """

    workers: Count
    shard: str
    chunk: Count
    most_missing: Share

    def __post_init__(self) -> None:
        super().__post_init__()
        self.share()

    def share(self) -> tuple[int, int]:
        """Returns which share, from 0, of how many.

        Raises:
            ErcbenchError: `shard` is not of the form `3/8`.
        """
        which, _, of = self.shard.partition("/")
        if not (which.isdigit() and of.isdigit() and 1 <= int(which) <= int(of)):
            raise ErcbenchError(
                f"shard={self.shard}: expected two numbers such as 3/8, the first from 1 to the "
                "second. Change shard."
            )
        return int(which) - 1, int(of)
