"""HCAM's Stage I in training: an encoder of single utterances for each modality."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import get_constant_schedule_with_warmup, get_linear_schedule_with_warmup

from ercbench.corpora.conversation import Corpus
from ercbench.data.utterances import Reader, UtteranceBatch
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Item
from ercbench.features.encoders.text import TextEncoder, TextSettings
from ercbench.features.media.clips import UnreadableError
from ercbench.features.media.sound import read_sound
from ercbench.models.base.embedder import Embedding, UtteranceEmbedder
from ercbench.models.base.losses import (
    focal_loss,
    inverse_frequencies,
    score_loss,
    supervised_contrastive,
)
from ercbench.models.hcam.audio import AudioEncoder
from ercbench.models.hcam.encoder_settings import (
    EncoderSettings,
    HCAMAudioSettings,
    HCAMTextSettings,
)
from ercbench.models.hcam.layers import freeze, groups_by_layer, lowest
from ercbench.models.hcam.text import TextNetwork, TextReader


class StageOne(UtteranceEmbedder):
    """An encoder with a classifier: cross-entropy and supervised contrast (a reconstruction).

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.
    """

    settings: EncoderSettings

    def training_losses(
        self, micro_batch: UtteranceBatch, batch: UtteranceBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, beta * `emotion_loss` + (1 - beta) * `contrastive_loss`."""
        return self.class_losses(self(micro_batch), micro_batch, batch)

    def class_losses(
        self, embedding: Embedding, micro_batch: UtteranceBatch, batch: UtteranceBatch
    ) -> dict[str, Tensor]:
        """Returns what the classifier and the contrast between classes cost."""
        own, labels = self.settings, micro_batch.labels
        assert embedding.logits is not None
        emotion = focal_loss(
            embedding.logits, labels, own.focal_gamma, self._class_weights, batch.labels
        )
        if own.beta == 1:
            return {"loss": emotion}
        contrast = supervised_contrastive(embedding.vectors, labels, own.temperature)
        loss = own.beta * emotion + (1 - own.beta) * contrast
        return {"loss": loss, "emotion_loss": emotion, "contrastive_loss": contrast}

    def training_step(self, batch: UtteranceBatch, batch_idx: int) -> None:
        """Takes a step, and moves the learning rate on."""
        super().training_step(batch, batch_idx)
        schedule: Any = self.lr_schedulers()
        schedule.step()

    def configure_optimizers(self) -> Any:
        """AdamW, its rate warmed up and then kept or lowered, as the settings say."""
        own, steps = self.settings, int(self.trainer.estimated_stepping_batches)
        optimizer = self.make_optimizer(self.parameter_groups())
        warm = round(own.warmup * steps)
        if own.schedule == "linear":
            schedule = get_linear_schedule_with_warmup(optimizer, warm, steps)
        else:
            schedule = get_constant_schedule_with_warmup(optimizer, warm)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns what is trained, with a rate of its own where that differs."""
        return [{"params": [p for p in self.network.parameters() if p.requires_grad]}]

    @cached_property
    def _class_weights(self) -> Tensor | None:
        if self.settings.class_weights == "none":
            return None
        return inverse_frequencies(self.spec.label_counts).to(self.device)


class HCAMText(StageOne):
    """Stage I of text.

    Args:
        spec: What the data is like.
        settings: `HCAMTextSettings` by name.
    """

    modality = "text"
    settings_class = HCAMTextSettings
    added_later: ClassVar = {"whole_dialogue": False}
    settings: HCAMTextSettings
    network: TextNetwork

    def build_network(self) -> nn.Module:
        """Returns the transformer with its classifier."""
        return TextNetwork(self.settings, len(self.spec.labels))

    def training_losses(
        self, micro_batch: UtteranceBatch, batch: UtteranceBatch
    ) -> dict[str, Tensor]:
        """Returns the losses of the classes and, in its share, `score_loss`."""
        share, embedding = self.settings.score_share, self(micro_batch)
        losses = self.class_losses(embedding, micro_batch, batch)
        if embedding.scores is None:
            return losses
        score = score_loss(embedding.scores, micro_batch.scores, batch.scores)
        loss = (1 - share) * losses["loss"] + share * score
        return losses | {"loss": loss, "score_loss": score}

    def freeze_others(self) -> None:
        """Freezes what the stage does not train, and what the settings keep as it is."""
        super().freeze_others()
        freeze(self.network.backbone, self.settings.frozen_layers, self.settings.lora_rank)

    def train(self, mode: bool = True) -> Self:
        """Puts what is trained in training mode; frozen layers drop nothing out."""
        super().train(mode)
        for part in lowest(self.network.backbone, self.settings.frozen_layers):
            part.eval()
        return self

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns a group of parameters for each layer."""
        rate, decay = self.stage.learning_rate, self.settings.layer_decay
        return groups_by_layer(self.network, self.network.backbone, rate, decay)

    @classmethod
    def make_reader(cls, settings: HCAMTextSettings, corpus: Corpus | None, cache: Path) -> Reader:
        """Returns the reader of tokens.

        Raises:
            ErcbenchError: Scores are to be learned, and the corpus has none.
        """
        scored = corpus is None or any(said.score is not None for said in corpus.utterances())
        if settings.score_share and not scored:
            raise ErcbenchError(
                f"encoder.score_share={settings.score_share}: no utterance has a score; expected "
                "a corpus with scores, such as mosi. Set encoder.score_share=0."
            )
        chosen = TextSettings(
            model=settings.backbone,
            pooling=settings.pooling,
            before=settings.before,
            after=settings.after,
            whole_dialogue=settings.whole_dialogue,
            speakers=settings.speakers,
            max_tokens=settings.max_tokens,
        )
        return TextReader(TextEncoder(chosen))


class HCAMAudio(StageOne):
    """Stage I of sound.

    Args:
        spec: What the data is like.
        settings: `HCAMAudioSettings` by name.
    """

    modality = "audio"
    read_together = 1  # a recording takes long enough, and padding beside another longer
    settings_class = HCAMAudioSettings
    settings: HCAMAudioSettings
    network: "AudioNetwork"

    def build_network(self) -> nn.Module:
        """Returns the wav2vec2 with its head and classifier."""
        return AudioNetwork(self.settings, len(self.spec.labels))

    def freeze_others(self) -> None:
        """Freezes what the stage does not train, and what the encoder keeps fixed."""
        super().freeze_others()
        for part in self.network.encoder.fixed():
            part.requires_grad_(False)

    @classmethod
    def make_reader(cls, settings: HCAMAudioSettings, corpus: Corpus | None, cache: Path) -> Reader:
        """Returns the reader of sounds."""
        return SoundReader(settings.most_seconds)


class AudioNetwork(nn.Module):
    """An `AudioEncoder` that also classifies.

    Args:
        settings: Which and how.
        classes: Number of labels, C.
    """

    def __init__(self, settings: HCAMAudioSettings, classes: int) -> None:
        super().__init__()
        self.encoder = AudioEncoder(settings, classes)

    def forward(self, samples: Tensor, lengths: Tensor) -> Embedding:
        """Returns [B, H] vectors and [B, C] logits of [B, T] samples, of which [B] count."""
        vectors = self.encoder(samples, lengths)
        return Embedding(vectors, self.encoder.classify(vectors))


class SoundReader:
    """Reads an utterance as samples at 16 kHz.

    Args:
        most_seconds: What comes later in a recording is not read.
    """

    # The least of which wav2vec2's convolutions make a frame, 25 ms.
    SHORTEST = 400

    def __init__(self, most_seconds: float) -> None:
        self.most_seconds = most_seconds

    def read(self, item: Item, generator: np.random.Generator | None = None) -> Tensor | str:
        """Returns [T] samples, or why there is no sound."""
        try:
            samples = read_sound(item.utterance, self.most_seconds)
        except UnreadableError as error:
            return str(error)
        if len(samples) < self.SHORTEST:
            return f"sound of {len(samples)} samples is too short"
        return torch.from_numpy(samples)

    def collate(self, examples: Sequence[Tensor]) -> dict[str, Tensor]:
        """Returns [B, T] samples padded at the end, and [B] how many count."""
        lengths = torch.tensor([len(sound) for sound in examples])
        return {"samples": pad_sequence(list(examples), batch_first=True), "lengths": lengths}
