"""HCAM: each stage over padded conversations, the contrastive loss over all padded pairs."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.hcam.lightning import HCAM
from plain.layers import attend_across, cross_entropy, recur


def loss(model: HCAM, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the model's stage."""
    logits, rows = _predicted(model, batch)
    beta, temperature = model.settings.beta, model.settings.temperature
    emotion = cross_entropy(logits, batch.labels, model.class_weights)
    return beta * emotion + (1 - beta) * _contrastive(rows, batch.labels, temperature)


def _predicted(model: HCAM, batch: ConversationBatch) -> tuple[Tensor, Tensor]:
    """Returns [B, L, C] logits and the [B, L, D] rows they are read off."""
    network: Any = model.network
    stage = model.stage.name
    if stage in network.context:
        encoder = network.context[stage]
        rows = _context(encoder, batch.features[stage], batch.mask)
        return encoder.classify(rows), rows
    contexts = {
        m: _context(encoder, batch.features[m], batch.mask)
        for m, encoder in network.context.items()
    }
    rows = _fusion(network.fusion, contexts, batch.mask)
    return network.fusion.classify(rows), rows


def _context(encoder: Any, features: Tensor, mask: Tensor) -> Tensor:
    rows = encoder.dropout(recur(encoder.gru, features, mask))
    for block in encoder.blocks:
        rows = _itself(block, rows, mask)
    return rows


def _itself(block: Any, rows: Tensor, mask: Tensor) -> Tensor:
    heard = attend_across(block.attention, rows, rows, rows, mask)
    return block.norm(rows + block.dropout(heard))


def _fusion(fusion: Any, contexts: dict[str, Tensor], mask: Tensor) -> Tensor:
    rows = {m: fusion.input[m](own) for m, own in contexts.items()}
    for layer in fusion.layers:
        rows = {m: _across(layer[m], own, rows, mask) for m, own in rows.items()}
    return fusion.norm(torch.cat(list(rows.values()), -1))


def _across(block: Any, own: Tensor, rows: dict[str, Tensor], mask: Tensor) -> Tensor:
    mixed = own
    for m, ask in block.ask.items():
        mixed = mixed + block.dropout(attend_across(ask, own, rows[m], rows[m], mask))
    return _itself(block.itself, block.norm(mixed), mask)


def _contrastive(rows: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss over the [B * L, B * L] pairs of the padded batch."""
    unit, labels = F.normalize(rows.flatten(0, 1), dim=-1), labels.flatten()
    known = labels != IGNORE
    compared = known[:, None] & known & ~torch.eye(len(labels), dtype=torch.bool)
    positive = compared & (labels[:, None] == labels)
    cosines = (unit @ unit.T / temperature).masked_fill(~compared, -1e9)
    log_p = torch.where(positive, cosines.log_softmax(-1), 0)
    counts = positive.sum(-1)
    anchors = counts > 0
    return -(log_p.sum(-1) / counts.clamp(min=1)).sum() / anchors.sum().clamp(min=1)
