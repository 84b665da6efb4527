"""MultiEMO: a DialogueRNN after the other, masked attention, losses as one writes them down."""

from itertools import combinations
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.multiemo.lightning import MultiEMO
from plain.dialogue_rnn import both_ways
from plain.layers import attend_across, cross_entropy


def loss(model: MultiEMO, batch: ConversationBatch) -> Tensor:
    """Returns the weighted sum of the three losses."""
    network, chosen, mask = model.network, model.settings, batch.mask
    contexts = {m: _context(network, m, batch) for m in batch.modalities}
    asking = [_asking(network.multi_attn[m], m, contexts, mask) for m in contexts]
    fused = network.fuse(torch.cat(asking, -1))
    emotion = cross_entropy(network.classify(fused), batch.labels, model.class_weights)
    contrast = _contrast(model, fused[mask], batch.labels[mask])
    correlation = _correlation([rows[mask] for rows in asking])
    return (
        chosen.emotion_weight * emotion
        + chosen.contrastive_weight * contrast
        + chosen.correlation_weight * correlation
    )


def _context(network: Any, modality: str, batch: ConversationBatch) -> Tensor:
    """Returns [B, L, D]."""
    rows = network.project[modality].linear(batch.features[modality])
    if modality not in network.context:
        return rows
    context = network.context[modality]
    emotions = both_ways(context.recurrence, rows, batch.speakers, batch.mask)
    return context.dropout(context.linear(emotions)).relu()


def _asking(layers: Any, modality: str, contexts: dict[str, Tensor], mask: Tensor) -> Tensor:
    """Returns [B, L, D], one modality after its layers of cross-attention."""
    rows = contexts[modality]
    for layer in layers:
        for m, ask in layer.ask.items():
            heard = attend_across(ask, rows, contexts[m], contexts[m], mask)
            rows = layer.norms[m](rows + layer.dropout(heard))
        rows = layer.norm(rows + layer.feed_forward(rows))
    return rows


def _contrast(model: MultiEMO, rows: Tensor, labels: Tensor) -> Tensor:
    """Returns the sample-weighted focal contrastive loss, utterance by utterance."""
    rows, labels = F.normalize(rows[labels != IGNORE], dim=-1), labels[labels != IGNORE]
    total, everyone = rows.sum() * 0, torch.arange(len(labels))
    for i, label in enumerate(labels):
        others = everyone != i
        p = (rows[others] @ rows[i] / model.settings.temperature).softmax(0)
        p = p[labels[others] == label]
        if len(p):
            terms = (1 - p).clamp(min=1e-6) ** model.settings.focus * p.log()
            total = total - model.rarity[label] * terms.mean()
    return total / max(len(labels), 1)


def _correlation(modalities: list[Tensor]) -> Tensor:
    """Returns the soft-HGR loss, with covariances as torch has them."""
    total, count = modalities[0].sum() * 0, max(len(modalities[0]) - 1, 1)
    for f, g in combinations([rows - rows.mean(0) for rows in modalities], 2):
        covariances = torch.trace((f.T @ f / count) @ (g.T @ g / count))
        total = total - ((f * g).sum() / count - covariances / 2)
    return total / modalities[0].shape[1]
