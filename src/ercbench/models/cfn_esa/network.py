"""The network of CFN-ESA, as the authors' released code has it.

The paper's own equations could not be read; every formula here is the released code's, with its
padding defects mended (see this folder's README). N is the number of utterances in the batch,
D the hidden width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.settings import primary_first
from ercbench.models.blocks.attention import Dropout, FeedForward, ModalityProjection, RowAttention
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import recur
from ercbench.models.cfn_esa.settings import CFNESASettings


@dataclass(frozen=True)
class ShiftPrediction(Prediction):
    """Emotions and, for every ordered pair of utterances, whether the emotion shifts.

    Attributes:
        shift_logits: [P, 2] with P the sum of the squared lengths; conversation by
            conversation, pair (i, j) of a conversation of L utterances at i * L + j, where i is
            seen in the first dropout view and j in the second.
    """

    shift_logits: Tensor


class RUMELayer(nn.Module):
    """One layer of the recurrence-based unimodal encoder.

    Args:
        width: D.
        dropout: After the recurrence and in the feed-forward part.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.rnn = nn.GRU(width, width, bidirectional=True)
        self.rnn_out = nn.Linear(2 * width, width)
        self.rnn_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, dropout)
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, D]: a recurrence, then a feed-forward part, each with a skip."""
        context = self.rnn_out(recur(self.rnn, rows, packing))
        hidden = self.rnn_norm(rows + self.dropout(context))
        return self.norm(rows + hidden + self.feed_forward(hidden))


class ACMELayer(nn.Module):
    """One layer of the attention-based cross-modal encoder.

    The primary modality asks every other; every other asks the primary alone.

    Args:
        modalities: All of them, the primary first.
        width: D.
        heads: Attention heads.
        dropout: After every attention and in the feed-forward parts.
    """

    def __init__(self, modalities: list[str], width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.primary, *self.others = modalities

        def attentions(names: list[str]) -> nn.ModuleDict:
            return nn.ModuleDict({name: RowAttention(width, heads) for name in names})

        def norms() -> nn.ModuleDict:
            return nn.ModuleDict({name: nn.LayerNorm(width) for name in modalities})

        self.self_attention, self.self_norm = attentions(modalities), norms()
        self.ask_others, self.ask_primary = attentions(self.others), attentions(self.others)
        self.cross_norm, self.norm = norms(), norms()
        self.feed_forward = nn.ModuleDict({m: FeedForward(width, dropout) for m in modalities})
        self.merge = nn.Linear(len(self.others) * width, width) if self.others else None
        self.dropout = Dropout(dropout)

    def forward(self, rows: dict[str, Tensor], packing: Packing) -> dict[str, Tensor]:
        """Returns modality to [N, D]: attention to itself, across modalities, feed-forward."""
        own = {
            m: self.self_norm[m](x + self.dropout(self.self_attention[m](x, packing)))
            for m, x in rows.items()
        }
        crossed = self._across(own, packing)
        result = {}
        for m, x in rows.items():
            mixed = self.cross_norm[m](x + own[m] + crossed[m] if crossed else x + own[m])
            result[m] = self.norm[m](x + mixed + self.feed_forward[m](mixed))
        return result

    def _across(self, own: dict[str, Tensor], packing: Packing) -> dict[str, Tensor]:
        """Returns what each modality learns from the others; empty if there is but one."""
        if self.merge is None:
            return {}
        primary = own[self.primary]
        heard = [self.dropout(self.ask_others[m](primary, packing, own[m])) for m in self.others]
        crossed = {self.primary: self.dropout(self.merge(torch.cat(heard, -1)).relu())}
        for m in self.others:
            crossed[m] = self.dropout(self.ask_primary[m](own[m], packing, primary))
        return crossed


class ShiftModule(nn.Module):
    """LESM: does the emotion differ between two utterances?

    The first layer is linear in the pair, W [g_i ; g'_j] = A g_i + B g'_j, so it is applied to
    utterances and only its sum is spread over pairs.

    Args:
        width: D.
        hidden: H, the hidden width.
        dropout: Before the last layer.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden, bias=False)
        self.second = nn.Linear(width, hidden)
        self.classify = nn.Sequential(nn.ReLU(), Dropout(dropout), nn.Linear(hidden, 2))

    def forward(self, first: Tensor, second: Tensor, packing: Packing) -> Tensor:
        """Returns [P, 2] for two [N, D] views of the same utterances."""
        views = (
            self.first(first).split(packing.lengths),
            self.second(second).split(packing.lengths),
        )
        pairs = [(a[:, None] + b).flatten(0, 1) for a, b in zip(*views, strict=True)]
        return self.classify(torch.cat(pairs))


class CFNESANetwork(nn.Module):
    """Projection, RUME (one set of weights for all modalities), ACME, fusion, classifier, LESM.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.

    Raises:
        ErcbenchError: The primary modality is not among the widths.
    """

    def __init__(self, settings: CFNESASettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        d, self.modalities = settings.hidden, primary_first(settings.primary, widths, "CFN-ESA")
        self.project = ModalityProjection({m: widths[m] for m in self.modalities}, d)
        self.rume = nn.ModuleList(
            RUMELayer(d, settings.rume_dropout) for _ in range(settings.rume_layers)
        )
        self.acme = nn.ModuleList(
            ACMELayer(self.modalities, d, settings.heads, settings.acme_dropout)
            for _ in range(settings.acme_layers)
        )
        self.fuse = nn.Sequential(
            nn.Linear(len(self.modalities) * d, d), nn.ReLU(), Dropout(settings.acme_dropout)
        )
        self.classify = nn.Linear(d, classes)
        self.shift = ShiftModule(d, settings.shift_hidden, settings.shift_dropout)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions; neither a second view nor any pair is computed."""
        packing = Packing.of(batch.mask)
        fused = self.cross_modal(self.unimodal(batch, packing), packing)
        return Prediction(packing.pad(self.classify(fused)))

    def forward_with_shifts(self, batch: ConversationBatch) -> ShiftPrediction:
        """Predicts emotions and shifts, from two dropout views of the unimodal encodings."""
        packing = Packing.of(batch.mask)
        rows = {m: x.repeat(2, 1) for m, x in self.unimodal(batch, packing).items()}
        first, second = self.cross_modal(rows, packing.repeated(2)).chunk(2)
        return ShiftPrediction(
            packing.pad(self.classify(first)), self.shift(first, second, packing)
        )

    def unimodal(self, batch: ConversationBatch, packing: Packing) -> dict[str, Tensor]:
        """Returns modality to [N, D], each encoded on its own; one pass for all modalities."""
        projected = self.project(batch)
        rows, wide = torch.cat(list(projected.values())), packing.repeated(len(projected))
        for layer in self.rume:
            rows = layer(rows, wide)
        return dict(zip(projected, rows.chunk(len(projected)), strict=True))

    def cross_modal(self, rows: dict[str, Tensor], packing: Packing) -> Tensor:
        """Returns the fused [N, D] of modality to [N, D]."""
        for layer in self.acme:
            rows = layer(rows, packing)
        return self.fuse(torch.cat([rows[m] for m in self.modalities], -1))


def shift_labels(labels: Tensor, mask: Tensor) -> Tensor:
    """Returns [P] int64 in the order of `ShiftPrediction.shift_logits`.

    1 where the emotions of a pair differ, 0 where they agree, `IGNORE` where one is unlabelled.

    Args:
        labels: [B, L].
        mask: [B, L].
    """
    pairs = []
    for row, length in zip(labels, mask.sum(1).tolist(), strict=True):
        own = row[:length]
        known = own != IGNORE
        differ = (own[:, None] != own).long()
        pairs.append(torch.where(known[:, None] & known, differ, IGNORE).flatten())
    return torch.cat(pairs)
