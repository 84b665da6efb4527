"""The network of SDT (paper, section III), as the authors' released code has it.

N is the number of utterances in the batch, D the hidden width, M the number of modalities.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import CrossAttention, Dropout, ModalityProjection
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.positions import sinusoids
from ercbench.models.sdt.settings import SDTSettings

NORM_EPSILON = 1e-6  # of every norm in the released code


@dataclass(frozen=True)
class ModalPrediction(Prediction):
    """Emotions by all modalities together, and by each.

    Attributes:
        unimodal: Modality to [B, L, C] logits of its own head.
    """

    unimodal: dict[str, Tensor]


class TransformerLayer(nn.Module):
    """Attention with a skip, then a feed-forward part with a norm before and a skip around it.

    Args:
        settings: Width, heads, dropout.
        first: Whether it is the first of its transformer, which takes its input as it is; a later
            one normalises it.
    """

    def __init__(self, settings: SDTSettings, first: bool) -> None:
        super().__init__()
        width = settings.hidden
        self.norm = nn.Identity() if first else nn.LayerNorm(width, NORM_EPSILON)
        self.attention = CrossAttention(width, settings.heads)
        self.forward_norm = nn.LayerNorm(width, NORM_EPSILON)
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = Dropout(settings.dropout)

    def forward(self, rows: Tensor, packing: Packing, context: Tensor | None = None) -> Tensor:
        """Returns [N, D] of [N, D] queries and the [N, D] they ask, by default themselves."""
        rows = self.norm(rows)
        context = rows if context is None else context
        heard = rows + self.dropout(self.attention(rows, context, context, packing))
        inner = F.gelu(self.inner(self.forward_norm(heard)), approximate="tanh")
        return heard + self.dropout(self.outer(self.dropout(inner)))


class Transformer(nn.Module):
    """One modality asks another, or itself; its gate lets through what counts.

    The gate is sigmoid(W h) * h (unimodal-level gated fusion).

    Args:
        settings: Sizes, dropout, kind of gate.
    """

    def __init__(self, settings: SDTSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TransformerLayer(settings, first=number == 0) for number in range(settings.layers)
        )
        learned = settings.unimodal_gate == "learned"
        width = settings.hidden
        self.gate = nn.Linear(width, width, bias=False) if learned else nn.Identity()
        self.dropout = Dropout(settings.dropout)

    def forward(self, rows: Tensor, packing: Packing, asked: Tensor | None = None) -> Tensor:
        """Returns [N, D] of [N, D] queries and the [N, D] they ask, by default themselves."""
        context = None if asked is None else self.dropout(asked)
        rows = self.dropout(rows)
        for layer in self.layers:
            rows = layer(rows, packing, context)
        return self.gate(rows).sigmoid() * rows


class ModalityEncoder(nn.Module):
    """What one modality makes of itself and of every other.

    Args:
        modality: Which one.
        modalities: All of them.
        settings: Sizes and dropout.
    """

    def __init__(self, modality: str, modalities: list[str], settings: SDTSettings) -> None:
        super().__init__()
        self.modality = modality
        self.transformers = nn.ModuleDict({m: Transformer(settings) for m in modalities})
        self.reduce = nn.Linear(len(modalities) * settings.hidden, settings.hidden)

    def forward(self, rows: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns [N, D] of modality to [N, D]."""
        heard = [
            transform(rows[self.modality], packing, None if m == self.modality else rows[m])
            for m, transform in self.transformers.items()
        ]
        return self.reduce(torch.cat(heard, -1))


class SDTNetwork(nn.Module):
    """Projection, intra- and inter-modal transformers, two levels of gates, a head per modality.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: SDTSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        d, names = settings.hidden, list(widths)
        self.project = ModalityProjection(widths, d)
        self.speakers = nn.Embedding(settings.speakers, d)
        self.encoders = nn.ModuleDict({m: ModalityEncoder(m, names, settings) for m in names})
        self.gate = nn.Linear(d, d, bias=False) if len(names) > 1 else nn.Identity()
        self.heads = nn.ModuleDict({m: _head(settings, classes) for m in names})
        self.classify = nn.Linear(d, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions; no modality's own head is asked."""
        packing = Packing.of(batch.mask)
        return Prediction(packing.pad(self.classify(self.fuse(self.encode(batch, packing)))))

    def forward_with_students(self, batch: ConversationBatch) -> ModalPrediction:
        """Predicts emotions, also from each modality's encoding alone."""
        packing = Packing.of(batch.mask)
        encoded = self.encode(batch, packing)
        unimodal = {m: packing.pad(head(encoded[m])) for m, head in self.heads.items()}
        return ModalPrediction(packing.pad(self.classify(self.fuse(encoded))), unimodal)

    def encode(self, batch: ConversationBatch, packing: Packing) -> dict[str, Tensor]:
        """Returns modality to [N, D], each having asked all of them."""
        speakers = batch.speakers[batch.mask].clamp(max=self.speakers.num_embeddings - 1)  # [N]
        place = sinusoids(packing.turns, self.speakers.embedding_dim) + self.speakers(speakers)
        rows = {m: x + place for m, x in self.project(batch).items()}
        return {m: encoder(rows, packing) for m, encoder in self.encoders.items()}

    def fuse(self, encoded: dict[str, Tensor]) -> Tensor:
        """Returns [N, D], each of its D numbers weighed between the modalities by a softmax."""
        rows = torch.stack(list(encoded.values()))  # [M, N, D]
        return (self.gate(rows).softmax(0) * rows).sum(0)


def _head(settings: SDTSettings, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), Dropout(settings.dropout), nn.Linear(settings.hidden, classes))
