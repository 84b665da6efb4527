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
from ercbench.features.encoders.context import (
    Frame,
    TokenSequence,
    assemble,
    same_stretch,
    stretches,
    text_of,
    window_of,
)
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
        whole_dialogue: Reads a dialogue once, in stretches of `max_tokens`, and takes the mean
            of each utterance's own tokens: context on both sides at the price of none.
        speakers: Puts `NAME: ` in upper case before each utterance.
        max_tokens: Longest input, special tokens included; the farthest neighbours go first.
        batch_tokens: Tokens in a batch, padding included; a GPU is faster with more.
    """

    model: str = "roberta"
    pooling: str = "first"
    normalise: bool = False
    before: int = 0
    after: int = 0
    whole_dialogue: bool = False
    speakers: bool = False
    max_tokens: int = 512
    batch_tokens: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("pooling", self.pooling, POOLINGS)
        for name, least in (("before", 0), ("after", 0), ("max_tokens", 8), ("batch_tokens", 1)):
            check_least(name, getattr(self, name), least)
        if self.whole_dialogue and (self.before or self.after or self.pooling != "mean"):
            raise ErcbenchError(
                f"whole_dialogue=true with before={self.before}, after={self.after}, "
                f"pooling={self.pooling}: expected 0, 0 and mean, for all turns are read and each "
                "is the mean of its own tokens. Set these, or whole_dialogue=false."
            )


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
        readings = self._read_at_once(sequences)
        sizes = [len(sequences[places[0]]) for places in readings]
        for batch in by_length(sizes, self.settings.batch_tokens):
            places = [place for reading in batch for place in readings[reading]]
            pooled = self._encode_batch([sequences[place] for place in places])
            for place, vector in zip(places, pooled, strict=True):
                vectors[spoken[place]] = vector
        return vectors

    def _read_at_once(self, sequences: Sequence[TokenSequence]) -> list[list[int]]:
        """Returns the places of those sequences that are one and the same stretch of a dialogue."""
        if not self.settings.whole_dialogue:
            return [[place] for place in range(len(sequences))]
        return same_stretch(sequences)

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
        if own.whole_dialogue:
            return self._of_dialogues(items)
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

    def read_with(self, item: Item) -> list[Item]:
        """Returns the items whose sequences are made together with an item's: itself, or all."""
        if not self.settings.whole_dialogue:
            return [item]
        turns = enumerate(item.conversation.utterances)
        return [Item(item.conversation, turn) for turn, own in turns if own.text.strip()]

    def _of_dialogues(self, items: Sequence[Item]) -> list[TokenSequence]:
        found: dict[tuple[str, int], TokenSequence] = {}
        for first in {item.conversation.id: item for item in items}.values():
            said = self.read_with(first)
            texts = [text_of(item.utterance, self.settings.speakers) for item in said]
            ids = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
            for item, sequence in zip(said, stretches(ids, self._frame), strict=True):
                found[item.conversation.id, item.turn] = sequence
        return [found[item.conversation.id, item.turn] for item in items]

    @torch.inference_mode()
    def _encode_batch(self, batch: Sequence[TokenSequence]) -> np.ndarray:
        """Returns [B, width] float32."""
        ids, mask, own = (part.to(self._device) for part in self.padded(batch))
        with self._precision():
            pooled = encode_tokens(self._model, ids, mask, own, self.settings)
        if self.settings.normalise:
            pooled = torch.nn.functional.normalize(pooled, dim=1)
        return pooled.cpu().numpy()

    def padded(
        self, batch: Sequence[TokenSequence]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns ids, where a token stands, and where one counts for the mean; each [B, L]."""
        return _pad(batch, self._tokenizer.pad_token_id)


def encode_tokens(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, own: torch.Tensor, settings: Any
) -> torch.Tensor:
    """Returns what a model makes of [B, L] tokens: [B, width] float32, pooled.

    Args:
        model: A transformer.
        ids: [B, L]; of a whole dialogue, rows of one stretch are equal, follow each other and
            are computed once.
        mask: [B, L], where a token stands.
        own: [B, L], where one counts for the mean.
        settings: With `pooling` and `whole_dialogue`.
    """
    if not settings.whole_dialogue:
        four = settings.pooling.startswith("last_four")
        output = model(input_ids=ids, attention_mask=mask, output_hidden_states=four)
        return pool(output, own, settings.pooling)
    _, stretch, counts = torch.unique_consecutive(ids, True, True, dim=0)
    firsts = counts.cumsum(0) - counts
    states = model(input_ids=ids[firsts], attention_mask=mask[firsts]).last_hidden_state
    return mean_of(states[stretch], own)


def mean_of(states: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Returns the mean [B, width] float32 of states [B, L, width] where `own` [B, L] is 1."""
    return (states.float() * own[..., None]).sum(1) / own.sum(1, keepdim=True)


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
    if pooling == "first":
        return output.last_hidden_state[:, 0].float()
    return mean_of(output.last_hidden_state, own)


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
