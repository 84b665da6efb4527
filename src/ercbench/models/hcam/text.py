"""Stage I of text: a transformer whose tokens are pooled, and how utterances are read for it."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn
from transformers import AutoModel

from ercbench.features.encoders.context import TokenSequence
from ercbench.features.encoders.encoder import Item
from ercbench.features.encoders.pretrained import load_model, locate
from ercbench.features.encoders.text import TextEncoder, encode_tokens
from ercbench.models.base.embedder import Embedding
from ercbench.models.hcam.encoder_settings import HCAMTextSettings
from ercbench.models.hcam.layers import with_lora


class TextReader:
    """Reads an utterance, and its neighbours if wished, as tokens.

    Args:
        encoder: Knows the tokeniser and how neighbours are joined.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self._read: dict[str, TokenSequence] = {}

    def read(self, item: Item, generator: np.random.Generator | None = None) -> TokenSequence | str:
        """Returns the tokens, or why there are none."""
        if not item.utterance.text.strip():
            return "no text"
        if item.utterance.id not in self._read:
            together = self.encoder.read_with(item)
            for other, sequence in zip(together, self.encoder.sequences(together), strict=True):
                self._read[other.utterance.id] = sequence
        return self._read[item.utterance.id]

    def collate(self, examples: Sequence[TokenSequence]) -> dict[str, Tensor]:
        """Returns ids, where a token stands, and which count for the mean; each [B, L]."""
        ids, mask, own = self.encoder.padded(examples)
        return {"ids": ids, "mask": mask, "own": own}


class TextNetwork(nn.Module):
    """A transformer, its tokens pooled to one vector, and a linear classifier.

    Args:
        settings: Which and how.
        classes: Number of labels, C.
    """

    def __init__(self, settings: HCAMTextSettings, classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.backbone = load_model(AutoModel, locate(settings.backbone))
        self.backbone.pooler = None  # not used, so nothing would train it
        if settings.lora_rank is not None:
            self.backbone = with_lora(self.backbone, settings.lora_rank)
        self.dropout = nn.Dropout(settings.dropout)
        width = self.backbone.config.hidden_size
        self.classify = nn.Linear(width, classes)
        self.score = nn.Linear(width, 1) if settings.score_share else None

    def forward(self, ids: Tensor, mask: Tensor, own: Tensor) -> Embedding:
        """Returns [B, width] vectors and [B, C] logits of [B, L] tokens."""
        vectors = encode_tokens(self.backbone, ids, mask, own, self.settings)
        read = self.dropout(vectors)
        scores = None if self.score is None else self.score(read).squeeze(-1)
        return Embedding(vectors, self.classify(read), scores)
