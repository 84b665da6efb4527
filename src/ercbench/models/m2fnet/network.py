"""The dialogue network of M2FNet (paper, equations 5 to 8 and figure 3).

Nothing was released; what the paper leaves open is a setting (see this folder's README). N is
the number of utterances in the batch, D_m the width of modality m, D_T that of the primary one.
"""

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.settings import primary_first
from ercbench.models.blocks.attention import (
    CrossAttention,
    Dropout,
    FeedForward,
    ModalityProjection,
    RowAttention,
)
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.positions import sinusoids
from ercbench.models.m2fnet.settings import M2FNetSettings
from ercbench.settings import require


class SkipEncoder(nn.Module):
    """A transformer encoder of one layer (Vaswani et al. 2017, section 3.1) with a skip around it.

    Args:
        width: D.
        settings: Heads, size of the feed-forward part, dropout.
    """

    def __init__(self, width: int, settings: M2FNetSettings) -> None:
        super().__init__()
        self.attention = RowAttention(width, settings.heads)
        self.feed_forward = FeedForward(width, settings.dropout, settings.feed_forward)
        self.attention_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = Dropout(settings.dropout)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, D]."""
        heard = self.attention_norm(rows + self.dropout(self.attention(rows, packing)))
        return rows + self.norm(heard + self.feed_forward(heard))


class SkipEncoders(nn.Module):
    """The encoders of one modality, one after the other.

    Args:
        width: D.
        settings: How many, of which size, and whether they are told the order of utterances.
    """

    def __init__(self, width: int, settings: M2FNetSettings) -> None:
        super().__init__()
        self.positions = settings.positions == "sinusoidal"
        self.layers = nn.ModuleList(SkipEncoder(width, settings) for _ in range(settings.encoders))

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, D]."""
        if self.positions:
            rows = rows + sinusoids(packing.turns, rows.shape[-1])
        for layer in self.layers:
            rows = layer(rows, packing)
        return rows


class FusionAttention(nn.Module):
    """One layer of the fusion attention module (figure 3).

    The fused stream is the query and the value, every other modality the key of an attention of
    its own; a linear layer brings [attentions ; fused stream] back to D_T. The paper draws no
    skip, norm or feed-forward part; `fusion=residual` adds them.

    Args:
        widths: Modality to width, the primary one first.
        settings: Heads, dropout, which fusion.
    """

    def __init__(self, widths: dict[str, int], settings: M2FNetSettings) -> None:
        super().__init__()
        (_, width), *others = widths.items()
        self.attention = nn.ModuleDict(
            {m: CrossAttention(width, settings.heads, key=own) for m, own in others}
        )
        self.merge = nn.Linear(len(widths) * width, width)
        self.finish = ResidualFinish(width, settings) if settings.fusion == "residual" else None

    def forward(self, fused: Tensor, rows: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns the next fused stream, [N, D_T].

        Args:
            fused: [N, D_T].
            rows: Modality to [N, D_m], the same in every layer.
            packing: Where the conversations lie.
        """
        heard = [ask(fused, rows[m], fused, packing) for m, ask in self.attention.items()]
        merged = self.merge(torch.cat([*heard, fused], -1))
        return merged if self.finish is None else self.finish(fused, merged)


class ResidualFinish(nn.Module):
    """What `fusion=residual` adds to a fusion layer: skip and norm, feed-forward, skip and norm.

    Args:
        width: D_T.
        settings: Size of the feed-forward part, dropout.
    """

    def __init__(self, width: int, settings: M2FNetSettings) -> None:
        super().__init__()
        self.dropout = Dropout(settings.dropout)
        self.feed_forward = FeedForward(width, settings.dropout, settings.feed_forward)
        self.merge_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, fused: Tensor, merged: Tensor) -> Tensor:
        """Returns [N, D_T] of two [N, D_T]."""
        mixed = self.merge_norm(fused + self.dropout(merged))
        return self.norm(mixed + self.feed_forward(mixed))


class M2FNetNetwork(nn.Module):
    """SkipEncoders per modality, fusion attention, two linear layers on all streams.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.

    Raises:
        ErcbenchError: The primary modality is not among the widths, or one cannot be split
            between the heads.
    """

    def __init__(self, settings: M2FNetSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        order = primary_first(settings.primary, widths, "M2FNet")
        streams = {m: settings.hidden or widths[m] for m in order}
        _check_heads(settings, streams)
        self.project = ModalityProjection({m: widths[m] for m in order}, settings.hidden)
        self.encoders = nn.ModuleDict({m: SkipEncoders(w, settings) for m, w in streams.items()})
        alone = len(order) == 1 or settings.fusion == "concatenation"
        layers = 0 if alone else settings.fusion_layers
        self.fusion = nn.ModuleList(FusionAttention(streams, settings) for _ in range(layers))
        width, self.primary = streams[settings.primary], settings.primary
        self.classify = nn.Sequential(
            nn.Linear(sum(streams.values()), width),
            nn.ReLU(),
            Dropout(settings.dropout),
            nn.Linear(width, classes),
        )

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        projected = self.project(batch)
        rows = {m: encode(projected[m], packing) for m, encode in self.encoders.items()}
        fused = rows[self.primary]
        for layer in self.fusion:
            fused = layer(fused, rows, packing)
        streams = rows | {self.primary: fused}
        return Prediction(packing.pad(self.classify(torch.cat(list(streams.values()), -1))))


def _check_heads(settings: M2FNetSettings, streams: dict[str, int]) -> None:
    for modality, width in streams.items():
        require(
            "heads",
            settings.heads,
            width % settings.heads == 0,
            f"a divisor of the {modality} features' width {width}, or one common width "
            "(hidden=128)",
        )
