"""Which conversations share a batch."""

from collections.abc import Callable, Iterator, Sequence

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
        epoch: Says which epoch it is. It is asked at the first batch of a pass, because
            Lightning tells only samplers, not batch samplers, and sets a resumed pass up before
            it knows the epoch.
        window: Batches that are sorted together.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        window: int = 1,
    ) -> None:
        self.lengths, self.batch_size, self.window = lengths, batch_size, window
        self.seed, self.epoch = seed, epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch())
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        batches = []
        for windowed in _chunks(order, self.batch_size * self.window):
            by_length = sorted(windowed, key=lambda index: -self.lengths[index])
            batches += _chunks(by_length, self.batch_size)
        shuffled = torch.randperm(len(batches), generator=generator).tolist()
        yield from (batches[i] for i in shuffled)


class StretchBatchSampler(Sampler[list[int]]):
    """Batches of utterances, those that are read as one sequence always together.

    Args:
        stretches: The places of the utterances of each sequence.
        sequences: Batches of sequences.
    """

    def __init__(
        self, stretches: Sequence[Sequence[int]], sequences: ConversationBatchSampler
    ) -> None:
        self.stretches, self.sequences = stretches, sequences

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.sequences:
            yield [place for stretch in batch for place in self.stretches[stretch]]


def _chunks(values: list[int], size: int) -> list[list[int]]:
    return [values[first : first + size] for first in range(0, len(values), size)]
