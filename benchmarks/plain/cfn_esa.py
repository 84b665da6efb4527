"""CFN-ESA: two passes through ACME, the pairs of utterances [B, L, L, 2D] materialised."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.cfn_esa.lightning import CFNESA
from plain.layers import attend, cross_entropy, recur


def loss(model: CFNESA, batch: ConversationBatch) -> Tensor:
    """Returns the sum of the emotion loss and the shift loss over the padded tensors."""
    network: Any = model.network
    unimodal = {
        m: _rume(network, read.linear(batch.features[m]), batch.mask)
        for m, read in network.project.items()
    }
    first = _cross_modal(network, unimodal, batch.mask)
    second = _cross_modal(network, unimodal, batch.mask)
    shifts = _shifts(network.shift, first, second)
    emotion = cross_entropy(network.classify(first), batch.labels, model.class_weights)
    return emotion + cross_entropy(shifts, _differ(batch.labels), model.shift_class_weights)


def _rume(network: Any, rows: Tensor, mask: Tensor) -> Tensor:
    for layer in network.rume:
        recurrent = layer.rnn_out(recur(layer.rnn, rows, mask))
        hidden = layer.rnn_norm(rows + layer.dropout(recurrent))
        rows = layer.norm(rows + hidden + layer.feed_forward(hidden))
    return rows


def _cross_modal(network: Any, rows: dict[str, Tensor], mask: Tensor) -> Tensor:
    for layer in network.acme:
        rows = _acme(layer, rows, mask)
    return network.fuse(torch.cat([rows[m] for m in network.modalities], -1))


def _acme(layer: Any, rows: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    own = {
        m: layer.self_norm[m](x + layer.dropout(attend(layer.self_attention[m], x, x, mask)))
        for m, x in rows.items()
    }
    crossed = _across(layer, own, mask)
    result = {}
    for m, x in rows.items():
        mixed = layer.cross_norm[m](x + own[m] + crossed[m])
        result[m] = layer.norm[m](x + mixed + layer.feed_forward[m](mixed))
    return result


def _across(layer: Any, own: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    primary = own[layer.primary]
    heard = [
        layer.dropout(attend(layer.ask_others[m], primary, own[m], mask)) for m in layer.others
    ]
    crossed = {layer.primary: layer.dropout(layer.merge(torch.cat(heard, -1)).relu())}
    for m in layer.others:
        crossed[m] = layer.dropout(attend(layer.ask_primary[m], own[m], primary, mask))
    return crossed


def _shifts(module: Any, first: Tensor, second: Tensor) -> Tensor:
    """Returns [B, L, L, 2]."""
    length = first.shape[1]
    one = first[:, :, None].repeat(1, 1, length, 1)
    other = second[:, None].repeat(1, length, 1, 1)
    weight = torch.cat([module.first.weight, module.second.weight], 1)
    return module.classify(F.linear(torch.cat([one, other], -1), weight, module.second.bias))


def _differ(labels: Tensor) -> Tensor:
    """Returns [B, L, L]: 1 where the emotions of a pair differ, 0 where they agree."""
    known = labels != IGNORE
    differ = (labels[:, :, None] != labels[:, None]).long()
    return torch.where(known[:, :, None] & known[:, None], differ, IGNORE)
