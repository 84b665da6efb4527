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
        rows: [G * L] the row at each index; a conversation's last row stands in its padding too,
            where the mask hides it.
        longest: L.
        mask: [G, 1, 1, L] bool, True where an utterance stands; None if nothing is padded.
    """

    rows: Tensor
    longest: int
    mask: Tensor | None


class Packing:
    """Where the conversations of a batch lie among its rows: B of them, N rows, L in the longest.

    Args:
        lengths: Utterances of each conversation, all at least 1.
        device: Where the index tensors live.
    """

    def __init__(self, lengths: list[int], device: torch.device | str = "cpu") -> None:
        self.lengths, self.device = lengths, torch.device(device)

    @classmethod
    def of(cls, mask: Tensor) -> "Packing":
        """Returns the packing of a [B, L] mask in which a conversation's utterances come first."""
        return cls(mask.sum(1).tolist(), mask.device)

    def repeated(self, times: int) -> "Packing":
        """Returns the packing of `times` copies of the rows, one after the other."""
        return Packing(self.lengths * times, self.device)

    def pad(self, rows: Tensor) -> Tensor:
        """Turns [N, D] into [B, L, D], zeros in the padding."""
        b, longest = len(self.lengths), max(self.lengths)
        padded = rows.new_zeros(b * longest, rows.shape[-1])
        return padded.index_copy(0, self._padded_index, rows).view(b, longest, -1)  # [B, L, D]

    def pack(self, rows: Tensor) -> PackedSequence:
        """Packs [N, D] for a recurrence, which then computes nothing on padding."""
        order, _, sizes = self._packed_order
        return PackedSequence(rows.index_select(0, order), sizes)

    def unpack(self, data: Tensor) -> Tensor:
        """Puts the [N, D] data of a packed sequence back in the order of the rows."""
        return data.index_select(0, self._packed_order[1])

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Scaled dot-product attention within each conversation, over its past and future.

        Args:
            query: [N, H, D] with H heads.
            key: [N, H, D].
            value: [N, H, E].

        Returns:
            [N, H, E].
        """
        groups, index = self._groups
        attended = torch.cat([_attend(g, query, key, value) for g in groups])  # [sum G * L, H, E]
        return attended.index_select(0, index)

    @cached_property
    def turns(self) -> Tensor:
        """[N] each row's turn in its conversation, from 0."""
        return torch.cat([torch.arange(n) for n in self.lengths]).to(self.device)

    @cached_property
    def both_ways(self) -> tuple[Tensor, Tensor, list[int]]:
        """Every conversation forwards and, by the same steps, backwards.

        Returns:
            [2, N] rows in packed order, [2, N] its inverse, conversations alive at each turn.
        """
        order, _, sizes = self._packed_order
        lengths = torch.tensor(self.lengths)  # [B]
        starts = torch.tensor(self._starts)  # [B]
        # first row + last row of each row's conversation, [N]: less a row, it is the row opposite
        mirror = torch.repeat_interleave(2 * starts + lengths - 1, lengths).to(self.device)
        ways = torch.stack([order, mirror[order] - order])  # [2, N]
        return ways, ways.argsort(1), sizes.tolist()

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each conversation."""
        return (torch.tensor([0, *self.lengths]).cumsum(0))[:-1].tolist()

    @cached_property
    def _longest_first(self) -> list[int]:
        return sorted(range(len(self.lengths)), key=lambda b: -self.lengths[b])

    @cached_property
    def _padded_index(self) -> Tensor:
        """[N] each row's index in the padded batch, flattened to [B * L]."""
        longest = max(self.lengths)
        numbers = torch.arange(len(self.lengths))  # [B]
        conversations = numbers.repeat_interleave(torch.tensor(self.lengths))  # [N]
        return self.turns + longest * conversations.to(self.device)

    @cached_property
    def _packed_order(self) -> tuple[Tensor, Tensor, Tensor]:
        """[N] rows in packed order, [N] its inverse, [L] conversations alive at each turn."""
        lengths = torch.tensor([self.lengths[b] for b in self._longest_first])  # [B]
        starts = torch.tensor([self._starts[b] for b in self._longest_first])  # [B]
        turns = torch.arange(int(lengths[0]))[:, None]  # [L, 1]
        alive = turns < lengths  # [L, B]
        order = (turns + starts)[alive]  # [N], turn by turn
        return order.to(self.device), order.argsort().to(self.device), alive.sum(1)

    @cached_property
    def _groups(self) -> tuple[list[_Group], Tensor]:
        """The groups that attend, and [N] each row's index in all of them, flattened."""
        groups, index, offset = [], torch.empty(sum(self.lengths), dtype=torch.int64), 0
        for members in self._like_lengths():
            lengths = torch.tensor([self.lengths[b] for b in members])  # [G]
            starts = torch.tensor([self._starts[b] for b in members])  # [G]
            turns = torch.arange(int(lengths.max()))  # [L]
            real = turns < lengths[:, None]  # [G, L]
            rows = starts[:, None] + torch.minimum(turns, lengths[:, None] - 1)  # [G, L]
            index[rows[real]] = offset + real.flatten().nonzero().squeeze(1)
            offset += real.numel()
            mask = None if real.all() else real[:, None, None, :].to(self.device)
            groups.append(_Group(rows.flatten().to(self.device), len(turns), mask))
        return groups, index.to(self.device)

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
        own = rows.index_select(0, group.rows).unflatten(0, (-1, group.longest))  # [G, L, H, D]
        return (own.float() if on_cpu else own).transpose(1, 2)  # [G, H, L, D]

    # torch's CPU kernel is slower in bfloat16, to which autocast would bring it back
    with torch.autocast("cpu", enabled=False):
        attended = F.scaled_dot_product_attention(
            padded(query), padded(key), padded(value), attn_mask=group.mask
        )  # [G, H, L, E]
    return attended.to(value.dtype).transpose(1, 2).flatten(0, 1)
