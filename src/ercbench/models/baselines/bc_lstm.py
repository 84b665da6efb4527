"""bc-LSTM: a bidirectional LSTM per modality, and one over all of them.

Poria et al., ACL 2017, https://aclanthology.org/P17-1081. As in the paper: the contextual LSTM in
its bidirectional form, dropout between it and a dense layer with ReLU, a softmax on top (section
3.2), and the hierarchical fusion: what the modalities' networks make of the features stands side
by side before a second contextual LSTM (section 3.3).

A reconstruction in three respects. The paper trains the levels one after the other, each with a
softmax of its own, and public code that derives from the authors' stores the first level's dense
activations and concatenates them; here both are trained at once, end to end, through the second's
loss alone. Features are what a store holds, not those that section 3.1 trains. Widths, dropout and
optimiser are ours.
"""

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.settings import BcLSTMSettings
from ercbench.models.blocks.attention import Dropout, ModalityProjection
from ercbench.models.blocks.packing import Packing


class ContextualLSTM(nn.Module):
    """A bidirectional LSTM, dropout, a dense layer with ReLU (section 3.2).

    Args:
        width: Of what it reads, D.
        settings: Width H, layers, dropout.
    """

    def __init__(self, width: int, settings: BcLSTMSettings) -> None:
        super().__init__()
        hidden, layers = settings.hidden, settings.layers
        between = settings.dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(width, hidden, layers, dropout=between, bidirectional=True)
        self.dropout = Dropout(settings.dropout)
        self.dense = nn.Linear(2 * hidden, hidden)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, H] of [N, D]."""
        hidden = packing.unpack(self.lstm(packing.pack(rows))[0].data)  # [N, 2 * H]
        return self.dense(self.dropout(hidden)).relu()


class BcLSTMNetwork(nn.Module):
    """A contextual LSTM per modality, one over all of them, a linear layer.

    One modality alone has nothing to be fused with: it keeps its own LSTM only.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: BcLSTMSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.inputs = ModalityProjection(widths, None)
        self.input_dropout, self.dropout = (
            Dropout(settings.input_dropout),
            Dropout(settings.dropout),
        )
        self.unimodal = nn.ModuleDict({m: ContextualLSTM(w, settings) for m, w in widths.items()})
        together = len(widths) * settings.hidden
        self.fusion = ContextualLSTM(together, settings) if len(widths) > 1 else None
        self.classify = nn.Linear(settings.hidden, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing, features = Packing.of(batch.mask), self.inputs(batch)
        each = [lstm(self.input_dropout(features[m]), packing) for m, lstm in self.unimodal.items()]
        rows = torch.cat(each, -1)  # [N, M * H]
        if self.fusion is not None:
            rows = self.fusion(self.dropout(rows), packing)
        return Prediction(packing.pad(self.classify(self.dropout(rows))))


class BcLSTM(ConversationClassifier):
    """Bidirectional contextual LSTM with hierarchical fusion, trained end to end."""

    settings_class = BcLSTMSettings
    settings: BcLSTMSettings

    def build_network(self) -> nn.Module:
        """Returns the two levels."""
        return BcLSTMNetwork(self.settings, self.spec.widths, len(self.spec.labels))
