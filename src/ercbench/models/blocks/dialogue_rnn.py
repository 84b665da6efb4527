"""DialogueRNN's recurrence over rows (see `packing`): a state for the dialogue, and one per party.

Majumder et al., AAAI 2019, https://arxiv.org/abs/1811.00405, section 3.3. At every turn a global
GRU reads the utterance and its speaker's state; a party GRU reads the utterance and what attention
finds in the global states before it; an emotion GRU reads the new state of the speaker.

All conversations and both directions step together. What does not depend on the step before is
computed once for all steps: what the utterances add to the gates and ask the attention, and all
of the emotion GRU but its own recurrence, since nothing else reads its states.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ercbench.models.blocks.attention import Dropout
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import Steps


class DialogueCell(nn.Module):
    """The weights of one direction.

    Args:
        width: Of an utterance, D.
        hidden: Of global and party states, H.
        emotion: Of emotion states, E.
        attention: To global states: `general`, a bilinear form with the utterance, or `simple`, a
            score of each state by itself.
        listener: Whether the states of those who listen change too, by the speaker's.
    """

    def __init__(
        self, width: int, hidden: int, emotion: int, attention: str, listener: bool
    ) -> None:
        super().__init__()
        simple = attention == "simple"
        self.dialogue = nn.GRUCell(width + hidden, hidden)
        self.party = nn.GRUCell(width + hidden, hidden)
        self.emotion = nn.GRUCell(hidden, emotion)
        self.attention = nn.Linear(hidden if simple else width, 1 if simple else hidden, bias=False)
        if listener:
            self.listener = nn.GRUCell(width + hidden, hidden)


class DialogueRecurrence(nn.Module):
    """DialogueRNN over each conversation, forwards or both ways.

    Args:
        width: Of an utterance, D.
        hidden: Of global and party states, H.
        emotion: Of emotion states, E.
        attention: `general` (the paper's equation 3) or `simple`; see `DialogueCell`.
        listener: Whether the states of those who listen change too.
        dropout: On every new state.
        ways: 1 for forwards, 2 for both.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        emotion: int,
        *,
        attention: str = "general",
        listener: bool = False,
        dropout: float = 0.0,
        ways: int = 2,
    ) -> None:
        super().__init__()
        self.width, self.hidden = width, hidden
        self.attention, self.listener = attention, listener
        self.ways = nn.ModuleList(
            DialogueCell(width, hidden, emotion, attention, listener) for _ in range(ways)
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, rows: Tensor, speakers: Tensor, packing: Packing, which: Sequence[int] = ()
    ) -> Tensor:
        """Runs over each conversation.

        Args:
            rows: [N, D].
            speakers: [N] int64, numbered from 0 within each conversation. Where it is negative
                nobody speaks: no party's state changes, and party 0's stands for the speaker's.
            packing: Where the conversations lie.
            which: Directions, 0 forwards and 1 backwards; all of them by default.

        Returns:
            [N, W * E], the emotion states of W directions.
        """
        chosen = list(which or range(len(self.ways)))
        ways, inverse, sizes = packing.both_ways
        turns = _Turns(self, rows[ways[chosen]], speakers[ways[chosen]], chosen)
        parties = turns.party_states(sizes)  # [W, N, H]
        gru = self.stacked("emotion", chosen, self.hidden)
        gates = torch.baddbmm(gru.bias_in, parties, gru.from_rows)  # [W, N, 3 * E]
        weight, bias = gru.from_state.mT.to(gates.dtype), gru.bias_state[:, 0].to(gates.dtype)
        emotions = Steps.apply(gates, weight, bias, sizes, self._kept(gates))  # [W, N, E]
        back = zip(emotions, inverse[chosen], strict=True)
        return torch.cat([own.index_select(0, rows) for own, rows in back], -1)

    def stacked(self, name: str, chosen: list[int], width: int) -> "_GRU":
        """Returns the weights of one kind of cell in the chosen directions.

        Args:
            name: `dialogue`, `party`, `emotion` or `listener`.
            chosen: Directions.
            width: Of the rows that stand first in its input.
        """
        cells = [self.ways[way].get_submodule(name) for way in chosen]

        def all_of(parameter: str) -> Tensor:
            return torch.stack([cell.get_parameter(parameter) for cell in cells])

        from_input = all_of("weight_ih").mT  # [W, D + H, 3 * H]
        biases = (all_of(f"bias_{part}")[:, None] for part in ("ih", "hh"))
        return _GRU(from_input[:, :width], from_input[:, width:], all_of("weight_hh").mT, *biases)

    def _kept(self, gates: Tensor) -> Tensor | None:
        """Returns what every emotion state is multiplied with, [W, N, E]; None without dropout."""
        if not self.training or self.dropout.rate == 0:
            return None
        return self.dropout(torch.ones_like(gates[..., : gates.shape[-1] // 3]))


class _GRU(NamedTuple):
    """The weights of a GRU cell in W directions.

    Attributes:
        from_rows: [W, D, 3 * H], from the first part of its input.
        from_other: [W, I, 3 * H], from the second.
        from_state: [W, H, 3 * H].
        bias_in: [W, 1, 3 * H].
        bias_state: [W, 1, 3 * H].
    """

    from_rows: Tensor
    from_other: Tensor
    from_state: Tensor
    bias_in: Tensor
    bias_state: Tensor


class _Turns:
    """The turns of all conversations, W directions at once, in packed order.

    Args:
        owner: Whose weights they are.
        rows: [W, N, D].
        speakers: [W, N].
        chosen: Directions.
    """

    def __init__(
        self, owner: DialogueRecurrence, rows: Tensor, speakers: Tensor, chosen: list[int]
    ) -> None:
        self.dropout, self.hidden = owner.dropout, owner.hidden
        names = ("dialogue", "party", "listener") if owner.listener else ("dialogue", "party")
        self.grus = {name: owner.stacked(name, chosen, owner.width) for name in names}
        # what the rows add to the gates, [W, N, 3 * H]
        self.gates = {
            name: torch.baddbmm(gru.bias_in, rows, gru.from_rows) for name, gru in self.grus.items()
        }
        weight = torch.stack([owner.ways[w].get_parameter("attention.weight") for w in chosen])
        general = owner.attention == "general"
        # what each row asks of the states before it, [W, N, 1, H]
        asked = rows @ weight.mT if general else weight.expand(-1, rows.shape[1], -1)
        self.asked = asked[:, :, None]
        self.who = F.one_hot(speakers.clamp(min=0)).bool()[..., None]  # [W, N, S, 1]
        silent = (speakers < 0)[..., None]  # [W, N, 1]
        self.silent = silent if silent.any() else None

    def party_states(self, sizes: list[int]) -> Tensor:
        """Returns the [W, N, H] states in which utterances leave their speakers.

        Args:
            sizes: Conversations alive at each turn, A.
        """
        ways, _, parties_, _ = self.who.shape
        dialogue = self.gates["party"].new_zeros(ways, sizes[0], self.hidden)  # [W, A, H]
        parties = dialogue[:, :, None].expand(-1, -1, parties_, -1)  # [W, A, S, H]
        past = dialogue[:, :, None][:, :, :0]  # [W, A, turns before, H]
        states, first = [], 0
        for size in sizes:
            at, first = slice(first, first + size), first + size
            dialogue, parties, past = dialogue[:, :size], parties[:, :size], past[:, :size]
            speaker = (parties * self.who[:, at]).sum(2)  # [W, A, H]
            dialogue = self.step("dialogue", at, speaker, dialogue)
            spoken = self.step("party", at, self.remembered(at, past), speaker)
            if self.silent is not None:
                spoken = torch.where(self.silent[:, at], speaker, spoken)
            if "listener" in self.grus:
                parties = self.listened(at, spoken, parties)
            parties = torch.where(self.who[:, at], spoken[:, :, None], parties)
            past = torch.cat([past, dialogue[:, :, None]], 2)
            states.append(spoken)
        return torch.cat(states, 1)

    def remembered(self, at: slice, past: Tensor) -> Tensor:
        """Returns what attention finds in the global states before a turn, [W, A, H]."""
        scores = self.asked[:, at] @ past.mT  # [W, A, 1, turns before]
        return (scores.softmax(-1).to(past.dtype) @ past).squeeze(2)

    def listened(self, at: slice, spoken: Tensor, parties: Tensor) -> Tensor:
        """Returns the [W, A, S, H] states of all parties after they heard the speaker's."""
        most = parties.shape[2]
        gates = self.gates["listener"][:, at].repeat_interleave(most, 1)
        heard = spoken.repeat_interleave(most, 1)
        return self._new("listener", gates, heard, parties.flatten(1, 2)).unflatten(1, (-1, most))

    def step(self, name: str, at: slice, other: Tensor, state: Tensor) -> Tensor:
        """Returns the new [W, A, H] state of a GRU at a turn.

        Args:
            name: Which one.
            at: The turn's rows.
            other: [W, A, H], the input beside the row.
            state: [W, A, H].
        """
        return self._new(name, self.gates[name][:, at], other, state)

    def _new(self, name: str, gates: Tensor, other: Tensor, state: Tensor) -> Tensor:
        gru, width = self.grus[name], self.hidden
        x = torch.baddbmm(gates, other, gru.from_other)  # [W, A, 3 * H]
        y = torch.baddbmm(gru.bias_state, state, gru.from_state)  # [W, A, 3 * H]
        r, z = (x[..., : 2 * width] + y[..., : 2 * width]).sigmoid().chunk(2, -1)
        n = torch.addcmul(x[..., 2 * width :], r, y[..., 2 * width :]).tanh()
        return self.dropout(torch.lerp(n, state, z))
