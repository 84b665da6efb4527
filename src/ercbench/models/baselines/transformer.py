"""A transformer encoder over the concatenated features."""

from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.inputs import ConcatenatedFeatures
from ercbench.models.baselines.settings import TransformerSettings
from ercbench.models.blocks.attention import Dropout, FeedForward, RowAttention
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.positions import sinusoids

FEED_FORWARD = 4  # times the width, as in Vaswani et al. 2017


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part, each with its norm before it and a skip around it.

    Args:
        width: D.
        heads: Number of heads.
        dropout: On what each part adds.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = RowAttention(width, heads)
        self.feed_forward = FeedForward(width, dropout, FEED_FORWARD)
        self.attention_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Returns [N, D]."""
        rows = rows + self.dropout(self.attention(self.attention_norm(rows), packing))
        return rows + self.feed_forward(self.norm(rows))


class TransformerNetwork(nn.Module):
    """A linear layer to the width, sinusoidal positions, encoder layers, a linear layer.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: TransformerSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        width = settings.hidden
        self.inputs = ConcatenatedFeatures(widths, settings.input_dropout)
        self.project = nn.Linear(self.inputs.width, width)
        self.dropout = Dropout(settings.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(width, settings.heads, settings.dropout) for _ in range(settings.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        rows = self.project(self.inputs(batch))  # [N, D]
        rows = self.dropout(rows + sinusoids(packing.turns, rows.shape[-1]))
        for layer in self.layers:
            rows = layer(rows, packing)
        return Prediction(packing.pad(self.classify(self.norm(rows))))


class Transformer(ConversationClassifier):
    """A pre-norm transformer encoder over the concatenated features; knows no speakers.

    Papers: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; the norms stand where Xiong et
    al. 2020, https://arxiv.org/abs/2002.04745, put them.
    """

    settings_class = TransformerSettings
    settings: TransformerSettings

    def build_network(self) -> nn.Module:
        """Returns the encoder."""
        return TransformerNetwork(self.settings, self.spec.widths, len(self.spec.labels))
