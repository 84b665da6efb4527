"""Text to vectors through transformers, alone or among its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer

from ercbench.errors import ErcbenchError
from ercbench.features.checks import check_choice, check_least
from ercbench.features.encoders.backbone import Backbone, BackboneSettings, builder, options_of
from ercbench.features.encoders.batches import by_length
from ercbench.features.encoders.context import Frame, TokenSequence, assemble, window_of
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.encoders.pretrained import MINILM, load, public_name
from ercbench.features.encoders.registry import FrozenEncoder

POOLINGS = ("first", "mean", "last_four", "last_four_concat")


@dataclass(frozen=True)
class TextSettings(BackboneSettings):
    """How a text becomes a vector.

    Attributes:
        model: `roberta`, `roberta-large`, `minilm` or the folder of a model.
        pooling: `first`: the last layer at the first token (RoBERTa's `<s>`). `mean`: the mean
            of the last layer over the utterance's own tokens, which without context are all,
            the special ones included. `last_four`: the mean of the last four layers at the first
            token. `last_four_concat`: these four side by side, the last one first, as COSMIC
            (Ghosal et al. 2020) passes them on; four times as wide.
        normalise: Scales a vector to length 1.
        before: Utterances read before this one, as in EmoBERTa (Kim and Vossen 2021).
        after: Utterances read after it.
        speakers: Puts `NAME: ` in upper case before each utterance.
        max_tokens: Longest input, special tokens included; the farthest neighbours go first.
        batch_tokens: Tokens in a batch, padding included; a GPU is faster with more.
    """

    model: str = "roberta"
    pooling: str = "first"
    normalise: bool = False
    before: int = 0
    after: int = 0
    speakers: bool = False
    max_tokens: int = 512
    batch_tokens: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("pooling", self.pooling, POOLINGS)
        for name, least in (("before", 0), ("after", 0), ("max_tokens", 8), ("batch_tokens", 1)):
            check_least(name, getattr(self, name), least)


# As the model's own description says: mean of all tokens, length 1, 256 tokens at most.
MINILM_SETTINGS = TextSettings(model=MINILM, pooling="mean", normalise=True, max_tokens=256)


@dataclass(frozen=True)
class TextEncoder(Backbone):
    """Encodes transcripts with a frozen model.

    Args:
        settings: How.
        name: What the feature set is called; by default after the model.
        fitted_on: Conversations whose labels the model saw; none for a public model.

    Raises:
        ErcbenchError: A setting is wrong, or there is no such model.
    """

    settings: TextSettings = TextSettings()
    name: str = ""
    fitted_on: list[str] | None = field(default_factory=list)
    modality: str = "text"

    @property
    def width(self) -> int:
        """Length of a vector: the model's width, of four layers side by side four times that."""
        return (4 if self.settings.pooling == "last_four_concat" else 1) * super().width

    def encode(self, items: Sequence[Item]) -> list[Vector]:
        """Returns a vector [width] for each item that has a text, else the reason why not."""
        spoken = [place for place, item in enumerate(items) if item.utterance.text.strip()]
        sequences = self.sequences([items[place] for place in spoken])
        vectors: list[Vector] = ["no text"] * len(items)
        for batch in by_length([len(own.ids) for own in sequences], self.settings.batch_tokens):
            pooled = self._encode_batch([sequences[place] for place in batch])
            for place, vector in zip(batch, pooled, strict=True):
                vectors[spoken[place]] = vector
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load(AutoTokenizer, self._located)
        if tokenizer.cls_token_id is None or tokenizer.pad_token_id is None:
            raise ErcbenchError(
                f"Model '{self.settings.model}': its tokenizer has no opening or no padding token; "
                "expected a model of BERT's or RoBERTa's kind. Give another one."
            )
        # Some models' files ask for padding to a fixed length.
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _frame(self) -> Frame:
        config, tokens = load(AutoConfig, self._located), self._tokenizer
        # RoBERTa and MPNet count their positions from the padding token's number + 1.
        shifted = any(kind in config.model_type for kind in ("roberta", "mpnet"))
        unused = tokens.pad_token_id + 1 if shifted else 0
        most = min(self.settings.max_tokens, config.max_position_embeddings - unused)
        separators = tokens.num_special_tokens_to_add(pair=True) - 2
        return Frame(tokens.cls_token_id, tokens.sep_token_id, separators, most)

    def sequences(self, items: Sequence[Item]) -> list[TokenSequence]:
        """Returns the tokens of each item and its neighbours, as the model reads them."""
        own = self.settings
        windows = [window_of(item, own.before, own.after, own.speakers) for item in items]
        texts = list(dict.fromkeys(text for window in windows for text in window.texts()))
        if not texts:
            return []
        ids = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        tokens = dict(zip(texts, ids, strict=True))
        return [
            assemble(
                [tokens[text] for text in window.before],
                tokens[window.own],
                [tokens[text] for text in window.after],
                self._frame,
            )
            for window in windows
        ]

    @torch.inference_mode()
    def _encode_batch(self, batch: Sequence[TokenSequence]) -> np.ndarray:
        """Returns [B, width] float32."""
        ids, mask, own = (part.to(self._device) for part in self.padded(batch))
        with self._precision():
            output = self._model(
                input_ids=ids,
                attention_mask=mask,
                output_hidden_states=self.settings.pooling.startswith("last_four"),
            )
        pooled = pool(output, own, self.settings.pooling)
        if self.settings.normalise:
            pooled = torch.nn.functional.normalize(pooled, dim=1)
        return pooled.cpu().numpy()

    def padded(
        self, batch: Sequence[TokenSequence]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns ids, where a token stands, and where one counts for the mean; each [B, L]."""
        return _pad(batch, self._tokenizer.pad_token_id)


def pool(output: Any, own: torch.Tensor, pooling: str) -> torch.Tensor:
    """Returns [B, width] float32 from a model's output, [B, 4 * width] of four layers.

    Args:
        output: With `last_hidden_state` [B, L, width] and, of four layers, `hidden_states`.
        own: [B, L], where a token counts for the mean.
        pooling: One of `POOLINGS`.
    """
    if pooling.startswith("last_four"):
        layers = [layer[:, 0].float() for layer in output.hidden_states[:-5:-1]]
        return torch.cat(layers, 1) if pooling.endswith("concat") else torch.stack(layers).mean(0)
    states = output.last_hidden_state.float()
    if pooling == "first":
        return states[:, 0]
    return (states * own[..., None]).sum(1) / own.sum(1, keepdim=True)


def _pad(
    batch: Sequence[TokenSequence], padding: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(entry.ids) for entry in batch)
    ids = torch.full((len(batch), longest), padding)
    mask, own = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.float32)
    for row, entry in enumerate(batch):
        ids[row, : len(entry.ids)] = torch.tensor(entry.ids)
        mask[row, : len(entry.ids)] = 1
        own[row, slice(*entry.span)] = 1
    return ids, mask, own


def _entry(name: str, summary: str, settings: TextSettings) -> FrozenEncoder:
    build, options = builder(TextEncoder, settings, name), options_of(TextSettings)
    return FrozenEncoder(name, "text", summary, public_name(settings.model), build, options)


ENCODERS = (
    _entry(MINILM, "all-MiniLM-L6-v2, which the installation brings", MINILM_SETTINGS),
    _entry("roberta", "RoBERTa base, from the hub at a fixed revision", TextSettings("roberta")),
    _entry(
        "roberta-large",
        "RoBERTa large, from the hub at a fixed revision",
        TextSettings("roberta-large"),
    ),
    _entry(
        "roberta_cosmic",
        "RoBERTa large, the last four layers at <s> side by side, as COSMIC passes them on",
        TextSettings("roberta-large", pooling="last_four_concat"),
    ),
)
