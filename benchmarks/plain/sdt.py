"""SDT: every transformer on its own, over padded conversations."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.blocks.positions import sinusoids
from ercbench.models.sdt.lightning import SDT
from plain.layers import attend_across, cross_entropy


def loss(model: SDT, batch: ConversationBatch) -> Tensor:
    """Returns cross-entropies and divergences over the padded batch."""
    network: Any = model.network
    encoded = _encode(network, batch)
    rows = torch.stack(list(encoded.values()), -2)  # [B, L, M, D]
    fused = (network.gate(rows).softmax(-2) * rows).sum(-2)
    final = network.classify(fused)
    total = cross_entropy(final, batch.labels, model.class_weights)
    for m, head in network.heads.items():
        own = head(encoded[m])
        total = total + cross_entropy(own, batch.labels, model.class_weights)
        total = total + _divergence(own, final, batch.labels != IGNORE, model.settings.temperature)
    return total


def _encode(network: Any, batch: ConversationBatch) -> dict[str, Tensor]:
    turns = torch.arange(batch.mask.shape[1])
    place = sinusoids(turns, network.speakers.embedding_dim) + network.speakers(batch.speakers)
    rows = {m: read.linear(batch.features[m]) + place for m, read in network.project.items()}
    return {
        m: encoder.reduce(
            torch.cat(
                [
                    _transform(transformer, rows[m], rows[asked], batch.mask, asked == m)
                    for asked, transformer in encoder.transformers.items()
                ],
                -1,
            )
        )
        for m, encoder in network.encoders.items()
    }


def _transform(transformer: Any, rows: Tensor, asked: Tensor, mask: Tensor, own: bool) -> Tensor:
    rows, asked = transformer.dropout(rows), transformer.dropout(asked)
    for layer in transformer.layers:
        rows = layer.norm(rows)
        context = rows if own else asked
        rows = rows + layer.dropout(attend_across(layer.attention, rows, context, context, mask))
        inner = layer.dropout(F.gelu(layer.inner(layer.forward_norm(rows)), approximate="tanh"))
        rows = rows + layer.dropout(layer.outer(inner))
    return transformer.gate(rows).sigmoid() * rows


def _divergence(student: Tensor, teacher: Tensor, known: Tensor, temperature: float) -> Tensor:
    given = (teacher / temperature).softmax(-1)
    each = given * (given.log() - (student / temperature).log_softmax(-1))  # [B, L, C]
    return each.sum(-1)[known].mean()
