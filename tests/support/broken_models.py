"""Small dialogue models, one that keeps the contract and others that break a clause each."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.settings import ModelSettings
from ercbench.models.base.stages import Stage
from ercbench.models.base.trainable import count_labelled
from ercbench.models.blocks.attention import ModalityProjection


@dataclass(kw_only=True)
class SmallSettings(ModelSettings):
    """Settings of all of them."""

    hidden: int = 8


class Small(nn.Module):
    """Reads each utterance by itself; `mix` is what others do wrong with [B, L, D]."""

    def __init__(self, widths, classes, hidden):
        super().__init__()
        self.project = ModalityProjection(widths, hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, batch):
        hidden = self.mix(self.rows(batch), batch)
        return Prediction(self.classify(hidden))

    def rows(self, batch):
        rows = sum(self.project(batch).values())
        padded = rows.new_zeros(*batch.mask.shape, rows.shape[-1])
        padded[batch.mask] = rows
        return padded

    def mix(self, hidden, batch):
        return hidden


class Kept(ConversationClassifier):
    """Keeps every clause."""

    settings_class = SmallSettings
    network_class = Small

    def build_network(self):
        return self.network_class(self.spec.widths, len(self.spec.labels), self.settings.hidden)


def model(network, **members):
    """Makes a model of a network, and of other methods where these are what is wrong."""
    return type(network.__name__, (Kept,), {"network_class": network, **members})


class FlatLogits(Small):
    """Returns a row per utterance instead of [B, L, C]."""

    def forward(self, batch):
        return Prediction(super().forward(batch).logits[batch.mask])


class AlwaysDropout(Small):
    def mix(self, hidden, batch):
        return F.dropout(hidden, 0.5)


class BatchNorm(Small):
    """Normalises over the whole padded batch."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.normalise = nn.BatchNorm1d(sizes[-1], track_running_stats=False)

    def mix(self, hidden, batch):
        return self.normalise(hidden.transpose(1, 2)).transpose(1, 2)


class RunningBatchNorm(BatchNorm):
    """Normalises over the batch in training only."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.normalise = nn.BatchNorm1d(sizes[-1])


class UnmaskedAttention(Small):
    """Attends to padding too."""

    def mix(self, hidden, batch):
        return hidden + F.scaled_dot_product_attention(hidden, hidden, hidden)


class MeanForMissing(Small):
    """Reads the standardised features as they are, 0 where a row is missing."""

    def __init__(self, widths, classes, hidden):
        super().__init__(widths, classes, hidden)
        self.project = nn.ModuleDict({m: nn.Linear(w, hidden) for m, w in widths.items()})

    def rows(self, batch):
        return sum(self.project[m](values) for m, values in batch.features.items())


class LateMask(Small):
    """Masks missing rows after they were computed, which keeps NaN in the gradient."""

    def rows(self, batch):
        return sum(
            torch.where(batch.present[m][..., None], read.linear(batch.features[m]), read.missing)
            for m, read in self.project.items()
        )


class FewPositions(Small):
    """Knows 100 places in a conversation."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.place = nn.Parameter(torch.randn(100, sizes[-1]))

    def mix(self, hidden, batch):
        return hidden + self.place[torch.arange(hidden.shape[1])]


class TextOnly(Small):
    """Takes it for granted that there is text."""

    def mix(self, hidden, batch):
        return hidden + self.project["text"].missing


class Idle(Small):
    """Has a layer that it does not use."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.forgotten = nn.Linear(2, 2)


class Unseeded(Small):
    """Draws weights from a generator of its own."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        drawn = np.random.default_rng().normal(size=self.classify.weight.shape)
        self.classify.weight.data = torch.from_numpy(drawn).float()


class Counting(Small):
    """Has a state that no checkpoint holds; see `count_steps`."""

    steps = 0

    def mix(self, hidden, batch):
        return hidden + 0.1 * self.steps


class Float16(Small):
    """Computes weights that float16 does not hold."""

    def mix(self, hidden, batch):
        scale = 1e5 if torch.is_autocast_enabled("cpu") else 1.0
        return (hidden.half() * scale).float() if scale > 1 else hidden


def raw_training(self, batch):
    """Leaves the features unstandardised in training."""
    return batch


def count_steps(self, *_):
    """Called after each step of training."""
    self.network.steps += 1


def mean_loss(self, batch, whole):
    """Divides by the number of labels, which may be 0."""
    logits = self.predict(batch).logits.transpose(1, 2)
    return {"loss": F.cross_entropy(logits, batch.labels, reduction="sum") / count_labelled(whole)}


def two_stages(self):
    """A stage for each part of the network."""
    return [Stage(0.01, "project", ("project",)), Stage(0.01, "classify", ("classify",))]


def optimise_everything(self):
    return torch.optim.SGD(self.network.parameters(), 0.1)
