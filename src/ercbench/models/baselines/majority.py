"""The most frequent class, or the mean score."""

import torch
from torch import nn

from ercbench.data.batch import ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.stages import Stage
from ercbench.models.baselines.settings import MajoritySettings

# Of two equal epochs the first is chosen, so that no table says that training was cut short.
EPOCHS = 2


class MajorityNetwork(nn.Module):
    """Gives every utterance the class frequencies, or the mean score, of the training part.

    Args:
        spec: Of the training part; a label that never occurs stays possible, so that its logit is
            finite.
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        frequencies = torch.tensor(spec.label_counts, dtype=torch.float32).clamp(min=1e-6)
        logits = (frequencies / frequencies.sum()).log()
        scored = spec.mean_score is not None
        self.log_frequencies = nn.Parameter(  # [C]; or [1], the score
            torch.tensor([spec.mean_score]) if scored else logits
        )

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts the same of every utterance."""
        return Prediction(self.log_frequencies.expand(*batch.mask.shape, -1))


class Majority(ConversationClassifier):
    """The most frequent class, or the mean score, of the training part: had for nothing."""

    settings_class = MajoritySettings
    settings: MajoritySettings

    def build_network(self) -> nn.Module:
        """Returns the class frequencies, or the mean score."""
        return MajorityNetwork(self.spec)

    def stages(self) -> list[Stage]:
        """Returns a short stage at a rate of 0, which leaves the frequencies as they are."""
        return [Stage(learning_rate=0.0, epochs=EPOCHS)]
