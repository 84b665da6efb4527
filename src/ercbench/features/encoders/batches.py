"""Batches of like length, so that little is computed on padding."""

from collections.abc import Iterator, Sequence


def by_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yields places in batches whose padded size stays within a limit, shortest first.

    Args:
        lengths: Length of each sequence.
        most: Upper limit of count times longest; one sequence alone may exceed it.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[place] > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
