"""The network of HCAM: a context encoder per modality, then co-attention between them.

A reconstruction: the paper's abstract and summaries name the parts, its formulas could not be
read, and no code was released (see this folder's README). N is the number of utterances in the
batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import CrossAttention, Dropout, ModalityInput
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import recur
from ercbench.models.hcam.settings import HCAMSettings


@dataclass(frozen=True)
class EmbeddedPrediction(Prediction):
    """Emotions, and what they were read off.

    Attributes:
        embeddings: [N, D], the real utterances in the order of the batch.
    """

    embeddings: Tensor


class SelfAttentionBlock(nn.Module):
    """H <- LN(H + dropout(self-attention(H))).

    Args:
        width: Of the rows.
        attention: Width of all heads together.
        settings: Heads and dropout.
    """

    def __init__(self, width: int, attention: int, settings: HCAMSettings) -> None:
        super().__init__()
        self.attention = CrossAttention(width, settings.heads, attention)
        self.dropout, self.norm = Dropout(settings.dropout), nn.LayerNorm(width)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, width]."""
        return self.norm(rows + self.dropout(self.attention(rows, rows, rows, packing)))


class ContextEncoder(nn.Module):
    """Stage II of one modality: a bidirectional GRU over the conversation, then self-attention.

    Args:
        modality: Which one.
        features: Width of its features.
        classes: Number of labels, C.
        settings: Sizes and dropout.
    """

    def __init__(self, modality: str, features: int, classes: int, settings: HCAMSettings) -> None:
        super().__init__()
        self.input = ModalityInput(modality, features)
        layers = settings.gru_layers
        self.gru = nn.GRU(
            features,
            settings.hidden // 2,
            layers,
            bidirectional=True,
            dropout=settings.dropout if layers > 1 else 0,
        )
        self.blocks = nn.ModuleList(
            SelfAttentionBlock(settings.hidden, settings.context_attention, settings)
            for _ in range(settings.context_layers)
        )
        self.dropout = Dropout(settings.dropout)
        self.classify = nn.Linear(settings.hidden, classes)

    def forward(self, batch: ConversationBatch, packing: Packing) -> Tensor:
        """Returns [N, hidden]."""
        rows = self.dropout(recur(self.gru, self.input(batch), packing))
        for block in self.blocks:
            rows = block(rows, packing)
        return rows


class CoAttentionBlock(nn.Module):
    """One modality's part in a co-attention layer: it asks every other, then itself.

    T <- LN(T + dropout(attention(T asks A))), then a self-attention block. With more than two
    modalities, what is heard from the others is added up.

    Args:
        others: The other modalities.
        settings: Sizes and dropout.
    """

    def __init__(self, others: list[str], settings: HCAMSettings) -> None:
        super().__init__()
        width, attention = settings.fusion_width, settings.fusion_attention
        self.ask = nn.ModuleDict(
            {m: CrossAttention(width, settings.heads, attention) for m in others}
        )
        self.dropout, self.norm = Dropout(settings.dropout), nn.LayerNorm(width)
        self.itself = SelfAttentionBlock(width, attention, settings)

    def forward(self, own: Tensor, rows: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns [N, width], from the modality's own [N, width] and everybody's."""
        mixed = own
        for other, ask in self.ask.items():
            mixed = mixed + self.dropout(ask(own, rows[other], rows[other], packing))
        return self.itself(self.norm(mixed), packing)


class CoAttentionLayer(nn.ModuleDict):
    """All modalities ask at once, each the others as they were before the layer.

    Args:
        modalities: All of them, at least two.
        settings: Sizes and dropout.
    """

    def __init__(self, modalities: list[str], settings: HCAMSettings) -> None:
        def others(own: str) -> list[str]:
            return [m for m in modalities if m != own]

        super().__init__({m: CoAttentionBlock(others(m), settings) for m in modalities})

    def forward(self, rows: dict[str, Tensor], packing: Packing) -> dict[str, Tensor]:
        """Returns modality to [N, width]."""
        return {m: block(rows[m], rows, packing) for m, block in self.items()}


class CoAttention(nn.Module):
    """Stage III: co-attention between the context encoders' rows, concatenated and normed.

    Args:
        modalities: All of them, at least two.
        classes: Number of labels, C.
        settings: Sizes and dropout.
    """

    def __init__(self, modalities: list[str], classes: int, settings: HCAMSettings) -> None:
        super().__init__()
        width = settings.fusion_width
        self.input = nn.ModuleDict({m: nn.Linear(settings.hidden, width) for m in modalities})
        self.layers = nn.ModuleList(
            CoAttentionLayer(modalities, settings) for _ in range(settings.fusion_layers)
        )
        self.norm = nn.LayerNorm(len(modalities) * width)
        self.classify = nn.Linear(len(modalities) * width, classes)

    def forward(self, rows: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns [N, modalities * width]."""
        rows = {m: self.input[m](own) for m, own in rows.items()}
        for layer in self.layers:
            rows = layer(rows, packing)
        return self.norm(torch.cat(list(rows.values()), -1))


class HCAMNetwork(nn.Module):
    """A context encoder per modality and, if there are several, co-attention.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: HCAMSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.context = nn.ModuleDict(
            {m: ContextEncoder(m, width, classes, settings) for m, width in widths.items()}
        )
        several = len(widths) > 1
        self.fusion = CoAttention(list(widths), classes, settings) if several else None

    def forward(self, batch: ConversationBatch, stage: str | None = None) -> EmbeddedPrediction:
        """Predicts emotions.

        Args:
            batch: Standardised.
            stage: A modality, for the prediction of its context encoder alone; by default, the
                prediction of all.
        """
        packing = Packing.of(batch.mask)
        if stage is not None and stage in self.context:
            return self._alone(stage, self.context[stage](batch, packing), packing)
        return self._fuse(self._contexts(batch, packing), packing)

    def outputs(self, batch: ConversationBatch) -> dict[str, EmbeddedPrediction]:
        """Predicts emotions from every modality alone and, as `final`, from all."""
        packing = Packing.of(batch.mask)
        rows = self._contexts(batch, packing)
        alone = {m: self._alone(m, own, packing) for m, own in rows.items()}
        return {"final": self._fuse(rows, packing)} | (alone if self.fusion else {})

    def _contexts(self, batch: ConversationBatch, packing: Packing) -> dict[str, Tensor]:
        return {m: encoder(batch, packing) for m, encoder in self.context.items()}

    def _fuse(self, rows: dict[str, Tensor], packing: Packing) -> EmbeddedPrediction:
        if self.fusion is None:
            ((modality, own),) = rows.items()
            return self._alone(modality, own, packing)
        fused = self.fusion(rows, packing)
        return EmbeddedPrediction(packing.pad(self.fusion.classify(fused)), fused)

    def _alone(self, modality: str, rows: Tensor, packing: Packing) -> EmbeddedPrediction:
        encoder = self.context[modality]
        assert isinstance(encoder, ContextEncoder)
        return EmbeddedPrediction(packing.pad(encoder.classify(rows)), rows)
