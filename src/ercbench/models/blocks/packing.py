"""Rows instead of padding: the real utterances of a batch, one after the other.

Our networks keep only real utterances, as rows [N, D] with N the sum of the conversations'
lengths. Linear layers, norms and dropout then never touch padding; recurrences run packed, and
attention pads only within small groups of conversations of like length. What a conversation is
batched with cannot change its prediction, because its rows never meet another's.
"""

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

# A conversation attends in one group with longer ones while at least this share of the padded
# group is real.
LEAST_REAL = 0.8


class _Group(NamedTuple):
    """Conversations of like length that attend together, padded to the longest, L.

    Attributes:
        rows: [G * L] the row that stands at each place; a conversation's last row stands in its
            padding too, where the mask hides it.
        longest: L.
        mask: [G, 1, 1, L] bool, True where an utterance stands; None if nothing is padded.
    """

    rows: Tensor
    longest: int
    mask: Tensor | None


class Layout:
    """Where the conversations of a batch lie among its rows.

    Args:
        lengths: Utterances of each conversation, all at least 1.
        device: Where the index tensors live.
    """

    def __init__(self, lengths: list[int], device: torch.device | str = "cpu") -> None:
        self.lengths, self.device = lengths, torch.device(device)

    @classmethod
    def of(cls, mask: Tensor) -> "Layout":
        """Returns the layout of a [B, L] mask in which a conversation's utterances come first."""
        return cls(mask.sum(1).tolist(), mask.device)

    def repeated(self, times: int) -> "Layout":
        """Returns the layout of `times` copies of the rows, one after the other."""
        return Layout(self.lengths * times, self.device)

    def pad(self, rows: Tensor) -> Tensor:
        """Turns [N, D] into [B, L, D], zeros in the padding."""
        b, longest = len(self.lengths), max(self.lengths)
        padded = rows.new_zeros(b * longest, rows.shape[-1])
        return padded.index_copy(0, self._places, rows).view(b, longest, -1)

    def pack(self, rows: Tensor) -> PackedSequence:
        """Packs [N, D] for a recurrence, which then computes nothing on padding."""
        order, _, sizes = self._packing
        return PackedSequence(rows.index_select(0, order), sizes)

    def unpack(self, data: Tensor) -> Tensor:
        """Puts the [N, D] data of a packed sequence back in the order of the rows."""
        return data.index_select(0, self._packing[1])

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Scaled dot-product attention within each conversation, over its past and future.

        Args:
            query: [N, H, D] with H heads.
            key: [N, H, D].
            value: [N, H, E].

        Returns:
            [N, H, E].
        """
        groups, places = self._attention
        return torch.cat([_attend(g, query, key, value) for g in groups]).index_select(0, places)

    @cached_property
    def turns(self) -> Tensor:
        """[N] each row's place in its conversation, from 0."""
        return torch.cat([torch.arange(n) for n in self.lengths]).to(self.device)

    @cached_property
    def both_ways(self) -> tuple[Tensor, Tensor, list[int]]:
        """Every conversation forwards and, by the same steps, backwards.

        Returns:
            [2, N] rows in packed order, [2, N] its inverse, conversations alive at each turn.
        """
        order, _, sizes = self._packing
        lengths = torch.tensor(self.lengths)
        starts = torch.tensor(self._starts)
        mirror = torch.repeat_interleave(2 * starts + lengths - 1, lengths).to(self.device)
        ways = torch.stack([order, mirror[order] - order])
        return ways, ways.argsort(1), sizes.tolist()

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each conversation."""
        return (torch.tensor([0, *self.lengths]).cumsum(0))[:-1].tolist()

    @cached_property
    def _longest_first(self) -> list[int]:
        return sorted(range(len(self.lengths)), key=lambda b: -self.lengths[b])

    @cached_property
    def _places(self) -> Tensor:
        """[N] each row's place in the flattened padded batch."""
        longest = max(self.lengths)
        firsts = torch.arange(len(self.lengths)).repeat_interleave(torch.tensor(self.lengths))
        return self.turns + longest * firsts.to(self.device)

    @cached_property
    def _packing(self) -> tuple[Tensor, Tensor, Tensor]:
        """[N] rows in packed order, [N] its inverse, [L] conversations alive at each turn."""
        lengths = torch.tensor([self.lengths[b] for b in self._longest_first])
        starts = torch.tensor([self._starts[b] for b in self._longest_first])
        alive = torch.arange(int(lengths[0]))[:, None] < lengths
        order = (torch.arange(int(lengths[0]))[:, None] + starts)[alive]
        return order.to(self.device), order.argsort().to(self.device), alive.sum(1)

    @cached_property
    def _attention(self) -> tuple[list[_Group], Tensor]:
        """The groups, and [N] each row's place among the groups' flattened places."""
        groups, places, offset = [], torch.empty(sum(self.lengths), dtype=torch.int64), 0
        for members in self._like_lengths():
            lengths = torch.tensor([self.lengths[b] for b in members])
            starts = torch.tensor([self._starts[b] for b in members])
            turns = torch.arange(int(lengths.max()))
            real = turns < lengths[:, None]
            rows = starts[:, None] + torch.minimum(turns, lengths[:, None] - 1)
            places[rows[real]] = offset + real.flatten().nonzero().squeeze(1)
            offset += real.numel()
            mask = None if real.all() else real[:, None, None, :].to(self.device)
            groups.append(_Group(rows.flatten().to(self.device), len(turns), mask))
        return groups, places.to(self.device)

    def _like_lengths(self) -> list[list[int]]:
        """Returns the conversations, longest first, cut where a group would pad too much."""
        groups: list[list[int]] = []
        real = 0
        for b in self._longest_first:
            real += self.lengths[b]
            if groups and real >= LEAST_REAL * self.lengths[groups[-1][0]] * (len(groups[-1]) + 1):
                groups[-1].append(b)
            else:
                groups.append([b])
                real = self.lengths[b]
        return groups


def _attend(group: _Group, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Returns the [G * L, H, E] attention of one padded group."""
    on_cpu = query.device.type == "cpu"

    def padded(rows: Tensor) -> Tensor:
        places = rows.index_select(0, group.rows).unflatten(0, (-1, group.longest))
        return (places.float() if on_cpu else places).transpose(1, 2)

    # torch's CPU kernel is slower in bfloat16, to which autocast would bring it back
    with torch.autocast("cpu", enabled=False):
        attended = F.scaled_dot_product_attention(
            padded(query), padded(key), padded(value), attn_mask=group.mask
        )
    return attended.to(value.dtype).transpose(1, 2).flatten(0, 1)
