"""The baselines: everything but the recurrence computed on padding too."""

from typing import Any

import torch
from torch import Tensor

from ercbench.data.batch import ConversationBatch
from ercbench.models.baselines.lightning import GRU, MLP
from plain.layers import cross_entropy, recur


def gru_loss(model: GRU, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the bidirectional GRU."""
    network: Any = model.network
    hidden = recur(network.hidden, _projected(network, batch), batch.mask)
    logits = network.classify(network.dropout(hidden))
    return cross_entropy(logits, batch.labels, model.class_weights)


def mlp_loss(model: MLP, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the perceptron."""
    network: Any = model.network
    hidden = network.hidden(_projected(network, batch))
    logits = network.classify(network.dropout(hidden))
    return cross_entropy(logits, batch.labels, model.class_weights)


def _projected(network: Any, batch: ConversationBatch) -> Tensor:
    rows = [network.project[m].linear(batch.features[m]) for m in network.project]
    return network.dropout(torch.cat(rows, -1))
