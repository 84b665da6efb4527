"""The baselines: everything computed on padding too, attention with all its weights."""

from typing import Any

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.baselines.bc_lstm import BcLSTM
from ercbench.models.baselines.late_fusion import LateFusion
from ercbench.models.baselines.transformer import Transformer
from ercbench.models.blocks.positions import sinusoids
from plain.layers import attend, cross_entropy, recur


def majority_loss(model: ConversationClassifier, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the class frequencies."""
    frequencies: Any = model.network.log_frequencies
    return _loss(model, frequencies.expand(*batch.mask.shape, -1), batch)


def logistic_regression_loss(model: ConversationClassifier, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the linear layer."""
    network: Any = model.network
    return _loss(model, network.classify(_features(batch)), batch)


def mlp_loss(model: ConversationClassifier, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the perceptron."""
    network: Any = model.network
    rows = network.hidden(network.inputs.dropout(_features(batch)))
    return _loss(model, network.classify(rows), batch)


def gru_loss(model: ConversationClassifier, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the bidirectional GRU."""
    return _loss(model, _gru_logits(model.network, _features(batch), batch.mask), batch)


def late_fusion_loss(model: LateFusion, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the averaged logits and those of every modality's."""
    network: Any = model.network
    unimodal = [
        _gru_logits(own, batch.features[m], batch.mask) for m, own in network.modalities.items()
    ]
    weighted = [weight * own for weight, own in zip(network.weights, unimodal, strict=True)]
    fused = torch.stack(weighted).sum(0)
    return torch.stack([_loss(model, logits, batch) for logits in (fused, *unimodal)]).sum()


def bc_lstm_loss(model: BcLSTM, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the two levels of LSTMs."""
    network: Any = model.network
    each = [
        _contextual(lstm, network.input_dropout(batch.features[m]), batch.mask)
        for m, lstm in network.unimodal.items()
    ]
    rows = network.dropout(torch.cat(each, -1))
    fused = network.dropout(_contextual(network.fusion, rows, batch.mask))
    return _loss(model, network.classify(fused), batch)


def transformer_loss(model: Transformer, batch: ConversationBatch) -> Tensor:
    """Returns the loss of the encoder."""
    network: Any = model.network
    rows = network.project(network.inputs.dropout(_features(batch)))
    rows = network.dropout(rows + sinusoids(torch.arange(rows.shape[1]), rows.shape[2]))
    for layer in network.layers:
        normed = layer.attention_norm(rows)
        heard = attend(layer.attention, normed, normed, batch.mask)
        rows = rows + layer.dropout(heard)
        rows = rows + layer.feed_forward(layer.norm(rows))
    return _loss(model, network.classify(network.norm(rows)), batch)


def _loss(model: ConversationClassifier, logits: Tensor, batch: ConversationBatch) -> Tensor:
    return cross_entropy(logits, batch.labels, model.class_weights)


def _features(batch: ConversationBatch) -> Tensor:
    return torch.cat(list(batch.features.values()), -1)


def _gru_logits(network: Any, features: Tensor, mask: Tensor) -> Tensor:
    hidden = recur(network.gru, network.inputs.dropout(features), mask)
    return network.classify(network.dropout(hidden))


def _contextual(level: Any, rows: Tensor, mask: Tensor) -> Tensor:
    lstm: nn.LSTM = level.lstm
    return level.dense(level.dropout(recur(lstm, rows, mask))).relu()
