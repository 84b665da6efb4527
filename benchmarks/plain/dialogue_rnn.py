"""DialogueRNN: a loop over turns for each direction, all parties' states computed at every turn."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ercbench.data.batch import ConversationBatch
from ercbench.models.dialogue_rnn.lightning import DialogueRNN
from plain.layers import cross_entropy


def loss(model: DialogueRNN, batch: ConversationBatch) -> Tensor:
    """Returns the cross-entropy over the padded tensors."""
    network: Any = model.network
    rows = torch.cat(list(batch.features.values()), -1)
    emotions = network.dropout(both_ways(network.recurrence, rows, batch.speakers, batch.mask))
    scores = network.attention.transform(emotions) @ emotions.mT  # [B, L, L]
    weights = scores.masked_fill(~batch.mask[:, None], -torch.inf).softmax(-1)
    logits = network.classify(network.head(weights @ emotions))
    return cross_entropy(logits, batch.labels, model.class_weights)


def both_ways(recurrence: Any, rows: Tensor, speakers: Tensor, mask: Tensor) -> Tensor:
    """Returns [B, L, 2E], the emotion states of both directions."""
    lengths = mask.sum(1).tolist()
    turned = _reversed(rows, lengths), _reversed(speakers, lengths)
    forwards = _one_way(recurrence, 0, rows, speakers)
    backwards = _reversed(_one_way(recurrence, 1, *turned), lengths)
    return torch.cat([forwards, backwards], -1)


def _reversed(padded: Tensor, lengths: list[int]) -> Tensor:
    """Turns every conversation around in its place."""
    each = zip(padded, lengths, strict=True)
    return pad_sequence([own[:n].flip(0) for own, n in each], batch_first=True)


def _one_way(recurrence: Any, way: int, rows: Tensor, speakers: Tensor) -> Tensor:
    """Returns [B, L, E], the emotion states of one direction."""
    cell, drop = recurrence.ways[way], recurrence.dropout
    who = F.one_hot(speakers)[..., None].to(rows.dtype)  # [B, L, S, 1]
    parties = rows.new_zeros(len(rows), who.shape[2], recurrence.hidden)  # [B, S, H]
    dialogue, emotion, past, emotions = parties[:, 0], None, parties[:, :0], []
    for turn in range(rows.shape[1]):
        row, own = rows[:, turn], who[:, turn]
        dialogue = drop(cell.dialogue(torch.cat([row, (parties * own).sum(1)], -1), dialogue))
        context = _asked(recurrence, cell, row, past)
        heard = drop(_every(cell.party, torch.cat([row, context], -1), parties))
        if recurrence.listener:
            speaker = (heard * own).sum(1)
            parties = drop(_every(cell.listener, torch.cat([row, speaker], -1), parties))
        parties = heard * own + parties * (1 - own)
        emotion = drop(cell.emotion((parties * own).sum(1), emotion))
        past = torch.cat([past, dialogue[:, None]], 1)
        emotions.append(emotion)
    return torch.stack(emotions, 1)


def _every(gru: Any, inputs: Tensor, parties: Tensor) -> Tensor:
    """Takes a step of every party, [B, S, H], with the same [B, I] input."""
    wide = inputs[:, None].expand(-1, parties.shape[1], -1)
    return gru(wide.flatten(0, 1), parties.flatten(0, 1)).view_as(parties)


def _asked(recurrence: Any, cell: Any, row: Tensor, past: Tensor) -> Tensor:
    """Returns [B, H], what attention finds in the states before a turn."""
    simple = recurrence.attention == "simple"
    scores = cell.attention(past) if simple else past @ cell.attention(row)[..., None]
    return (scores.softmax(1) * past).sum(1)
