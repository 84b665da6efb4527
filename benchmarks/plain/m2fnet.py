"""M2FNet: encoders and fusion attention over padded conversations."""

from typing import Any

import torch
from torch import Tensor

from ercbench.data.batch import ConversationBatch
from ercbench.models.blocks.positions import sinusoids
from ercbench.models.m2fnet.lightning import M2FNet
from plain.layers import attend, attend_across, cross_entropy


def loss(model: M2FNet, batch: ConversationBatch) -> Tensor:
    """Returns the cross-entropy over the padded batch."""
    network: Any = model.network
    logits = network.classify(_streams(network, batch))
    return cross_entropy(logits, batch.labels, model.class_weights)


def _streams(network: Any, batch: ConversationBatch) -> Tensor:
    rows = {
        m: _encoders(network.encoders[m], read.linear(batch.features[m]), batch.mask)
        for m, read in network.project.items()
    }
    fused = rows[network.primary]
    for layer in network.fusion:
        fused = _fusion(layer, fused, rows, batch.mask)
    return torch.cat(list((rows | {network.primary: fused}).values()), -1)


def _encoders(encoders: Any, rows: Tensor, mask: Tensor) -> Tensor:
    if encoders.positions:
        rows = rows + sinusoids(torch.arange(rows.shape[1]), rows.shape[2])
    for layer in encoders.layers:
        rows = _encoder(layer, rows, mask)
    return rows


def _encoder(layer: Any, rows: Tensor, mask: Tensor) -> Tensor:
    attended = layer.dropout(attend(layer.attention, rows, rows, mask))
    heard = layer.attention_norm(rows + attended)
    return rows + layer.norm(heard + layer.feed_forward(heard))


def _fusion(layer: Any, fused: Tensor, rows: dict[str, Tensor], mask: Tensor) -> Tensor:
    heard = [attend_across(ask, fused, rows[m], fused, mask) for m, ask in layer.attention.items()]
    merged = layer.merge(torch.cat([*heard, fused], -1))
    return merged if layer.finish is None else layer.finish(fused, merged)
