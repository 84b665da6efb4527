"""The network of BiDialogueRNN+Att; equations are the paper's (see this folder's README).

N is the number of utterances in the batch, D the width of all modalities together, E that of an
emotion state.
"""

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import Dropout, ModalityProjection
from ercbench.models.blocks.dialogue_rnn import DialogueRecurrence
from ercbench.models.blocks.packing import Packing
from ercbench.models.dialogue_rnn.settings import DialogueRNNSettings


class EmotionAttention(nn.Module):
    """Lets each utterance ask the emotion states of its conversation (section 3.5, equation 16).

    Args:
        width: 2E, of both directions' emotion states.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)

    def forward(self, emotions: Tensor, packing: Packing) -> Tensor:
        """Returns [N, 2E]: the mean of all states, weighed by softmax(e_t W e_s)."""
        undo_scaling = emotions.shape[-1] ** 0.5
        asked = self.transform(emotions) * undo_scaling
        each = (rows[:, None] for rows in (asked, emotions, emotions))  # one head
        return packing.attend(*each).squeeze(1)


class DialogueRNNNetwork(nn.Module):
    """The modalities side by side, the recurrence both ways, attention, a classifier.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: DialogueRNNSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        both = 2 * settings.emotion
        self.inputs = ModalityProjection(widths, None)
        self.recurrence = DialogueRecurrence(
            sum(widths.values()),
            settings.hidden,
            settings.emotion,
            listener=settings.listener,
            dropout=settings.recurrent_dropout,
        )
        self.dropout = Dropout(settings.emotion_dropout)
        self.attention = EmotionAttention(both)
        self.head = nn.Sequential(nn.Linear(both, both), nn.ReLU(), Dropout(settings.dropout))
        self.classify = nn.Linear(both, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        rows = torch.cat(list(self.inputs(batch).values()), -1)  # [N, D]
        emotions = self.recurrence(rows, batch.speakers[batch.mask], packing)  # [N, 2E]
        attended = self.attention(self.dropout(emotions), packing)
        return Prediction(packing.pad(self.classify(self.head(attended))))
