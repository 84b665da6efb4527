"""How the released MultiEMO code treats padding, for `attention=as_released`.

It pads a batch to its longest conversation with features of 0. Forwards, each DialogueRNN goes on
through the padding, in which nobody speaks; backwards it starts on a conversation's last utterance,
and padding gets zeros. Cross-attention then asks all of it, as no mask is given.
"""

from dataclasses import replace

import torch
from torch import Tensor

from ercbench.data.batch import ConversationBatch
from ercbench.models.blocks.dialogue_rnn import DialogueRecurrence
from ercbench.models.blocks.packing import Packing

NOBODY = -1


def padding_as_utterances(batch: ConversationBatch) -> ConversationBatch:
    """Returns a batch in which padding is utterances with features of 0 that nobody speaks."""
    features = {
        m: torch.where(batch.mask[..., None], values, 0) for m, values in batch.features.items()
    }
    return replace(
        batch,
        features=features,
        present={m: present | ~batch.mask for m, present in batch.present.items()},
        speakers=torch.where(batch.mask, batch.speakers, NOBODY),
        mask=torch.ones_like(batch.mask),
    )


def recur_through_padding(
    recurrence: DialogueRecurrence, rows: Tensor, speakers: Tensor, packing: Packing
) -> Tensor:
    """Runs a DialogueRNN over each conversation, forwards through its padding.

    Args:
        recurrence: Of one or two directions.
        rows: [B * L, D].
        speakers: [B * L], `NOBODY` in padding.
        packing: Of the padded rows.

    Returns:
        [B * L, W * E].
    """
    forwards = recurrence(rows, speakers, packing, [0])
    if len(recurrence.ways) == 1:
        return forwards
    real = speakers != NOBODY
    own = Packing.of(real.view(len(packing.lengths), -1))
    backwards = own.pad(recurrence(rows[real], speakers[real], own, [1])).flatten(0, 1)
    return torch.cat([forwards, backwards], -1)
