"""Modality dropout: in training some utterances lose a modality, as they may in a test."""

from dataclasses import replace

import torch

from ercbench.data.batch import ConversationBatch


def drop_modalities(batch: ConversationBatch, share: float) -> ConversationBatch:
    """Returns the batch where some utterances lack one of the modalities that they have.

    A modality is dropped by the `present` mask, as if it were missing in the data. An utterance
    that has only one keeps it.

    Args:
        batch: Of utterances with M modalities.
        share: Of the utterances that have several; 0 draws nothing at random.
    """
    if share == 0:
        return batch
    present = torch.stack(list(batch.present.values()), -1)  # [B, L, M]
    struck = torch.rand(batch.mask.shape, device=present.device) < share  # [B, L]
    struck &= present.sum(-1) > 1
    chances = torch.rand(present.shape, device=present.device).masked_fill(~present, -1)
    lost = chances == chances.amax(-1, keepdim=True)
    kept = present & ~(lost & struck[..., None])
    return replace(batch, present=dict(zip(batch.present, kept.unbind(-1), strict=True)))
