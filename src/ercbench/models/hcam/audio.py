"""Stage I of sound: a wav2vec2 and two 1x1 convolutions, averaged over an utterance's frames.

A reconstruction from code that HCAM's authors published before and after it (see this folder's
README). B is the number of utterances, T of samples, F of frames; all are padded at the end.
"""

from functools import reduce
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.audio import load_extractor
from ercbench.features.media.sound import RATE
from ercbench.models.hcam.backbone import load_backbone
from ercbench.models.hcam.encoder_settings import HCAMAudioSettings


class FrontEnd(nn.Module):
    """The convolutions of a wav2vec2, which hear each recording alone.

    Those of wav2vec2-base normalise over time, so padding would change every frame.

    Args:
        layers: [1, T] samples to [1, D, F].
        normalise: Brings a recording to mean 0 and variance 1 first.
    """

    def __init__(self, layers: nn.Module, normalise: bool) -> None:
        super().__init__()
        self.layers, self.normalise = layers, normalise

    @torch.no_grad()
    def forward(self, samples: Tensor, lengths: list[int]) -> Tensor:
        """Returns [B, D, F], zeros in padding, from [B, T] samples of which `lengths` count."""
        pairs = zip(samples, lengths, strict=True)
        frames = [self._frames(sound[:length]) for sound, length in pairs]
        return pad_sequence(frames, batch_first=True).transpose(1, 2)

    def _frames(self, sound: Tensor) -> Tensor:
        if self.normalise:
            sound = F.layer_norm(sound, sound.shape, eps=1e-7)
        return self.layers(sound[None])[0].T


class AudioEncoder(nn.Module):
    """A wav2vec2 whose hidden states are added up, two 1x1 convolutions and a classifier.

    The model's convolutions, those of its positions too, stay as they are and in evaluation mode.

    Args:
        settings: Which model, its width, and what is trained.
        classes: Number of labels, C.

    Attributes:
        classify: Vectors [B, H] to logits [B, C].

    Raises:
        ErcbenchError: There is no such model, or it is of another kind or rate.
    """

    def __init__(self, settings: HCAMAudioSettings, classes: int) -> None:
        super().__init__()
        self.frozen, self.masked_frames = settings.frozen, settings.masked_frames
        self.model = _load_model(settings)
        extractor = load_extractor(settings.backbone)
        self.front = FrontEnd(self.model.feature_extractor, extractor.do_normalize)
        # So that the model's own forward, with its masks, starts from what `front` made.
        self.model.feature_extractor = nn.Identity()
        for part in self.fixed():
            part.requires_grad_(False)
        own = self.model.config.hidden_size
        width = settings.width or own
        self.head = nn.Sequential(
            nn.Conv1d(own, width, 1), nn.ReLU(), nn.Conv1d(width, width, 1), nn.ReLU()
        )
        self.classify = nn.Linear(width, classes)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Puts what is trained in training mode; the rest stays in evaluation mode."""
        super().train(mode)
        for part in self.fixed():
            part.eval()
        return self

    def forward(self, samples: Tensor, lengths: Tensor) -> Tensor:
        """Encodes recordings; what one is batched with does not change its vector.

        Args:
            samples: [B, T] at 16 kHz; what follows a recording's end is not read.
            lengths: [B], samples of each recording.

        Returns:
            [B, H] float32.

        Raises:
            ErcbenchError: A recording is shorter than one frame.
        """
        present = _within(self.frame_counts(lengths))
        heard = self.head(self._states(samples, lengths, present).transpose(1, 2)).float()
        return (heard * present[:, None]).sum(-1) / present.sum(-1, keepdim=True)

    def frame_counts(self, lengths: Tensor) -> Tensor:
        """Returns [B], how many frames the model makes of recordings of [B] samples.

        Raises:
            ErcbenchError: Of one it makes none.
        """
        counts = self.model._get_feat_extract_output_lengths(lengths)
        if counts.min() < 1:
            raise ErcbenchError(
                f"Sound of {1000 * int(lengths.min()) / RATE:.0f} ms is too short; expected at "
                "least one frame of the model, 25 ms of wav2vec2. Leave such utterances out."
            )
        return counts

    def _states(self, samples: Tensor, lengths: Tensor, present: Tensor) -> Tensor:
        """Returns the sum of all hidden states [B, F, width] float32."""
        output = self.model(
            self.front(samples, lengths.tolist()),
            attention_mask=_within(lengths).long(),
            mask_time_indices=self._hidden_spans(present),
            output_hidden_states=True,
        )
        # The last one after the model's closing norm, which some models lack and some have.
        states = [*output.hidden_states[:-1], output.last_hidden_state]
        return reduce(torch.add, [state.float() for state in states])

    def _hidden_spans(self, present: Tensor) -> Tensor | None:
        """Returns where training hides frames, [B, F]; None hides none."""
        if not self.training or not self.masked_frames:
            return None
        span = self.model.config.mask_time_length
        begins = torch.rand(present.shape, device=present.device) < self.masked_frames / span
        return F.max_pool1d(F.pad(begins.float(), (span - 1, 0)), span, 1).bool() & present

    def fixed(self) -> list[Any]:
        """Returns the parts that are never trained."""
        transformer = self.model if self.frozen else self.model.encoder.pos_conv_embed
        return [self.front, transformer]


def _load_model(settings: HCAMAudioSettings) -> Any:
    """Loads the model without what would make a training step depend on anything else.

    transformers draws SpecAugment from numpy's global state, and keeps no hidden state of a layer
    that it drops, so that their sum would shrink.
    """
    return load_backbone(
        settings.backbone,
        ("wav2vec2",),
        add_adapter=False,
        apply_spec_augment=settings.masked_frames > 0,
        mask_time_prob=settings.masked_frames,
        mask_feature_prob=0.0,
        layerdrop=0.0,
    )


def _within(lengths: Tensor) -> Tensor:
    """Returns [B, longest], whether a place comes before the end."""
    places = torch.arange(int(lengths.max()), device=lengths.device)
    return places < lengths[:, None]
