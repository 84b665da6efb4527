"""Which conversations share a batch."""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler


class ConversationBatchSampler(Sampler[list[int]]):
    """Random batches of conversations, a new order each epoch, reproducible from the seed.

    With `window=1` a batch is a plain random draw, as in the papers, and its conversations are
    only put in order of length, longest first. A larger window sorts by length across that many
    batches before cutting them: less padding, at the price of batches of like lengths.

    Args:
        lengths: Utterances of each conversation.
        batch_size: Conversations per batch.
        seed: With the epoch, decides the order.
        window: Batches that are sorted together.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, seed: int, window: int = 1
    ) -> None:
        self.lengths, self.batch_size, self.seed, self.window = lengths, batch_size, seed, window
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of the next pass; Lightning calls it before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(100_003 * self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        batches = []
        for windowed in _chunks(order, self.batch_size * self.window):
            by_length = sorted(windowed, key=lambda index: -self.lengths[index])
            batches += _chunks(by_length, self.batch_size)
        shuffled = torch.randperm(len(batches), generator=generator).tolist()
        return iter([batches[i] for i in shuffled])


def _chunks(values: list[int], size: int) -> list[list[int]]:
    return [values[first : first + size] for first in range(0, len(values), size)]
