"""The network of GraphSmile (paper, section III), as the authors' released code has it.

N is the number of utterances in the batch, D the hidden width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import Dropout, ModalityProjection
from ercbench.models.blocks.packing import Packing
from ercbench.models.graphsmile.graph import PairGraph, Window
from ercbench.models.graphsmile.settings import SENTIMENTS, GraphSmileSettings


@dataclass(frozen=True)
class SentimentPrediction(Prediction):
    """Emotions, sentiments and, for pairs of utterances, whether the sentiment differs.

    Attributes:
        sentiments: [B, L, 3] logits.
        shifts: [P, 2] logits of the pairs of `pairs`.
    """

    sentiments: Tensor
    shifts: Tensor


class PaddedNorm(nn.Module):
    """Batch normalisation of text over padding too, as in the released code.

    Args:
        width: Of the features.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, batch: ConversationBatch) -> ConversationBatch:
        """Returns the batch with other text features."""
        text = self.norm(batch.features["text"].flatten(0, 1)).view_as(batch.features["text"])
        return replace(batch, features=batch.features | {"text": text})


class GraphSmileNetwork(nn.Module):
    """Projection, a graph for each pair of modalities, their mean, three heads.

    One modality alone is paired with itself.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
        sentiments: Whether any label has a sentiment; without one there are no auxiliary heads.
    """

    def __init__(
        self, settings: GraphSmileSettings, widths: dict[str, int], classes: int, sentiments: bool
    ) -> None:
        super().__init__()
        d, names = settings.hidden, list(widths)
        self.settings = settings
        released = settings.text_norm == "as_released" and "text" in widths
        self.text_norm = PaddedNorm(widths["text"]) if released else None
        self.project = ModalityProjection(widths, d)
        self.activate = nn.Sequential(nn.LeakyReLU(), Dropout(settings.dropout))
        self.pairs = list(combinations(names, 2)) or [(names[0], names[0])]
        self.graphs = nn.ModuleList(PairGraph(settings) for _ in self.pairs)
        self.fuse = nn.Sequential(nn.Linear(d, d), nn.LeakyReLU())
        self.classify = nn.Linear(d, classes)
        self.sentiment = nn.Linear(d, len(SENTIMENTS)) if sentiments else None
        self.shift = nn.Linear(2 * d, 2) if sentiments else None

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions; no pair is formed."""
        packing = Packing.of(batch.mask)
        return Prediction(packing.pad(self.classify(self.encode(batch, packing))))

    def forward_with_sentiments(self, batch: ConversationBatch) -> SentimentPrediction:
        """Predicts emotions, sentiments and shifts; only with sentiments."""
        assert self.sentiment is not None
        packing = Packing.of(batch.mask)
        rows = self.encode(batch, packing)
        return SentimentPrediction(
            packing.pad(self.classify(rows)),
            packing.pad(self.sentiment(rows)),
            self._shifts(rows, packing),
        )

    def encode(self, batch: ConversationBatch, packing: Packing) -> Tensor:
        """Returns [N, D]: the mean of what all pairs of modalities make of each other."""
        read = batch if self.text_norm is None else self.text_norm(batch)
        rows = {m: self.activate(x) for m, x in self.project(read).items()}
        window = Window(packing, self.settings.past, self.settings.future)
        heard = [
            self.fuse(stream)
            for (first, second), graph in zip(self.pairs, self.graphs, strict=True)
            for stream in graph(rows[first], rows[second], window)
        ]
        return torch.stack(heard).mean(0)

    def _shifts(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [P, 2]; W [g_i ; g_j] = A g_i + B g_j, so that no pair is laid out in full."""
        assert self.shift is not None
        of_first, of_second = self.shift.weight.chunk(2, 1)
        spans = windows(packing.lengths, self.settings.shift_window)
        views = (rows @ of_first.T).split(spans), (rows @ of_second.T).split(spans)
        pairs = [(a[:, None] + b).flatten(0, 1) for a, b in zip(*views, strict=True)]
        return torch.cat(pairs) + self.shift.bias


def windows(lengths: Sequence[int], size: int | None) -> list[int]:
    """Returns the lengths of the windows into which conversations are cut, one after another."""
    if size is None:
        return list(lengths)
    return [min(size, length - start) for length in lengths for start in range(0, length, size)]


def shift_labels(sentiments: Tensor, mask: Tensor, size: int | None) -> Tensor:
    """Returns [P] int64, for all ordered pairs within the windows: 1 where sentiments differ.

    `IGNORE` where one is unknown.

    Args:
        sentiments: [B, L].
        mask: [B, L].
        size: Utterances of a window; None for the whole conversation.
    """
    spans = windows(mask.sum(1).tolist(), size)
    pairs = []
    for own in sentiments[mask].split(spans):
        known = own != IGNORE
        differ = (own[:, None] != own).long()
        pairs.append(torch.where(known[:, None] & known, differ, IGNORE).flatten())
    return torch.cat(pairs)
