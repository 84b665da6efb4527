"""GraphSmile: one graph over all nodes of the padded batch, every pair of a window laid out."""

from typing import Any

import torch
from torch import Tensor

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.graphsmile.lightning import GraphSmile
from plain.layers import cross_entropy


def loss(model: GraphSmile, batch: ConversationBatch) -> Tensor:
    """Returns the sum of the losses on emotions, sentiments and shifts."""
    network: Any = model.network
    rows = _encode(network, batch)  # [B * L, D]
    labels, settings = batch.labels.flatten(), model.settings
    sentiments = model.sentiments(batch.labels)
    pairs, differ = _pairs(rows, sentiments, settings.shift_window)
    total = cross_entropy(network.classify(rows), labels, model.class_weights)
    for logits, targets, weight in (
        (network.sentiment(rows), sentiments.flatten(), settings.sentiment_weight),
        (network.shift(pairs), differ, settings.shift_weight),
    ):
        if (targets != IGNORE).any():
            total = total + weight * cross_entropy(logits, targets, torch.ones(logits.shape[-1]))
    return total


def _encode(network: Any, batch: ConversationBatch) -> Tensor:
    rows = {
        m: network.activate(read.linear(batch.features[m])).flatten(0, 1)
        for m, read in network.project.items()
    }
    heard = [
        network.fuse(stream)
        for (first, second), graph in zip(network.pairs, network.graphs, strict=True)
        for stream in _graph(network.settings, graph, rows[first], rows[second], batch.mask)
    ]
    return torch.stack(heard).mean(0)


def _graph(
    settings: Any, graph: Any, first: Tensor, second: Tensor, mask: Tensor
) -> tuple[Tensor, ...]:
    adjacency = _adjacency(settings, graph.weights.logs.exp(), mask)  # [2 * B * L, 2 * B * L]
    sums = adjacency.sum(1)
    roots = torch.where(sums == 0, 0, torch.where(sums == 0, 1, sums) ** -0.5)
    normal = roots[:, None] * adjacency * roots
    rows = torch.cat([first, second])
    total = rows
    for convolve, bias, add in zip(graph.convolve, graph.biases, graph.add, strict=True):
        rows = normal @ convolve(rows) + bias
        total = total + add(rows)
    return total.chunk(2)


def _adjacency(settings: Any, weights: Tensor, mask: Tensor) -> Tensor:
    """Returns all nodes' weights, those of the first modality before those of the second."""
    turns = torch.arange(mask.shape[1]).repeat(len(mask))
    conversations = torch.arange(len(mask)).repeat_interleave(mask.shape[1])
    real = mask.flatten()
    offsets = turns - turns[:, None]
    edges = (conversations == conversations[:, None]) & real & real[:, None]
    edges &= (offsets >= -settings.past) & (offsets <= settings.future)
    each = [w[(offsets + settings.past).clamp(0, len(w) - 1)] * edges for w in weights]
    nothing = torch.zeros_like(each[0])
    return torch.cat([torch.cat([nothing, each[0]], 1), torch.cat([each[1], nothing], 1)])


def _pairs(rows: Tensor, sentiments: Tensor, size: int | None) -> tuple[Tensor, Tensor]:
    """Returns the [P, 2 * D] pairs of utterances in a window, and [P] whether they differ."""
    length = sentiments.shape[1]
    window = torch.arange(length) // (size or length)
    first, second = (window[:, None] == window).nonzero().T  # those of one conversation
    views = rows.unflatten(0, sentiments.shape)
    pairs = torch.cat([views[:, first], views[:, second]], -1).flatten(0, 1)
    one, other = sentiments[:, first], sentiments[:, second]
    differ = torch.where((one != IGNORE) & (other != IGNORE), (one != other).long(), IGNORE)
    return pairs, differ.flatten()
