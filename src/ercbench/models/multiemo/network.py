"""The network of MultiEMO, as the authors' released code has it.

The paper's own equations could not be read; every formula here is the released code's, with its
masks mended (see this folder's README). N is the number of utterances in the batch, D the width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import (
    CrossAttention,
    Dropout,
    FeedForward,
    ModalityProjection,
)
from ercbench.models.blocks.dialogue_rnn import DialogueRecurrence
from ercbench.models.blocks.packing import Packing
from ercbench.models.multiemo.released import padding_as_utterances, recur_through_padding
from ercbench.models.multiemo.settings import MultiEMOSettings


@dataclass(frozen=True)
class FusedPrediction(Prediction):
    """Emotions, and what the losses beside the cross-entropy look at.

    Attributes:
        modalities: [N, D] of each modality after cross-attention.
        fused: [N, D] of all of them.
    """

    modalities: tuple[Tensor, ...]
    fused: Tensor


class Context(nn.Module):
    """A DialogueRNN over one modality.

    Both directions are brought to one width by a linear layer; a single one is taken as it is.

    Args:
        settings: Width D, directions, dropout.
    """

    def __init__(self, settings: MultiEMOSettings) -> None:
        super().__init__()
        d, self.through_padding = settings.hidden, settings.attention == "as_released"
        self.recurrence = DialogueRecurrence(
            d,
            d,
            d,
            attention="simple",
            dropout=settings.recurrent_dropout,
            ways=settings.directions,
        )
        self.linear = nn.Linear(2 * d, d) if settings.directions == 2 else nn.Identity()
        self.dropout = Dropout(settings.dropout)

    def forward(self, rows: Tensor, speakers: Tensor, packing: Packing) -> Tensor:
        """Returns [N, D] of [N, D]."""
        if self.through_padding:
            emotions = recur_through_padding(self.recurrence, rows, speakers, packing)
        else:
            emotions = self.recurrence(rows, speakers, packing)
        return self.dropout(self.linear(emotions)).relu()


class MultiAttnLayer(nn.Module):
    """One modality asks every other in turn, then a feed-forward part.

    Args:
        others: Whom it asks, in this order.
        settings: Width, heads, dropout.
    """

    def __init__(self, others: list[str], settings: MultiEMOSettings) -> None:
        super().__init__()
        d = settings.hidden
        self.ask = nn.ModuleDict({m: CrossAttention(d, settings.heads) for m in others})
        self.norms = nn.ModuleDict({m: nn.LayerNorm(d) for m in others})
        self.feed_forward = FeedForward(d, settings.dropout, settings.feed_forward)
        self.norm = nn.LayerNorm(d)
        self.dropout = Dropout(settings.dropout)

    def forward(self, rows: Tensor, asked: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns [N, D]; those who are asked are as their contexts left them."""
        for m, ask in self.ask.items():
            heard = ask(rows, asked[m], asked[m], packing)
            rows = self.norms[m](rows + self.dropout(heard))
        return self.norm(rows + self.feed_forward(rows))


class MultiEMONetwork(nn.Module):
    """Projection, a DialogueRNN per modality, MultiAttn, fusion, classifier.

    One modality alone has nobody to ask: it keeps its DialogueRNN only.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: MultiEMOSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        d, layers = settings.hidden, settings.layers if len(widths) > 1 else 0
        self.through_padding = settings.attention == "as_released"
        self.project = ModalityProjection(widths, d)
        having = [m for m in widths if m != "text" or settings.text_context]
        self.context = nn.ModuleDict({m: Context(settings) for m in having})
        self.multi_attn = nn.ModuleDict(
            {
                m: nn.ModuleList(
                    MultiAttnLayer([o for o in widths if o != m], settings) for _ in range(layers)
                )
                for m in widths
            }
        )
        self.fuse = nn.Linear(len(widths) * d, d)
        self.classify = nn.Sequential(
            nn.Linear(d, settings.classifier * d),
            nn.ReLU(),
            Dropout(settings.dropout),
            nn.Linear(settings.classifier * d, classes),
        )

    def forward(self, batch: ConversationBatch) -> FusedPrediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        if self.through_padding:
            real = batch.mask.flatten()
            padded = self.modalities(padding_as_utterances(batch))
            rows = tuple(each[real] for each in padded)
        else:
            rows = self.modalities(batch)
        fused = self.fuse(torch.cat(rows, -1))
        return FusedPrediction(packing.pad(self.classify(fused)), rows, fused)

    def modalities(self, batch: ConversationBatch) -> tuple[Tensor, ...]:
        """Returns [N, D] of each modality, having heard the others."""
        packing, speakers = Packing.of(batch.mask), batch.speakers[batch.mask]
        contexts = {
            m: self.context[m](rows, speakers, packing) if m in self.context else rows
            for m, rows in self.project(batch).items()
        }
        return tuple(self._asking(m, contexts, packing) for m in contexts)

    def _asking(self, modality: str, contexts: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns [N, D], one modality after its layers of cross-attention."""
        rows = contexts[modality]
        layers: nn.ModuleList = self.multi_attn[modality]  # type: ignore[assignment]
        for layer in layers:
            rows = layer(rows, contexts, packing)
        return rows
