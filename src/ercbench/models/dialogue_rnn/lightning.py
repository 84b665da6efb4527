"""DialogueRNN in training: cross-entropy."""

from torch import nn

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.dialogue_rnn.network import DialogueRNNNetwork
from ercbench.models.dialogue_rnn.settings import DialogueRNNSettings


class DialogueRNN(ConversationClassifier):
    """DialogueRNN, bidirectional and with attention (BiDialogueRNN+Att).

    Paper: Majumder et al., AAAI 2019, https://arxiv.org/abs/1811.00405; cross-entropy as in its
    equation 17. Its README lists what differs from the released code.

    Args:
        spec: What the data is like.
        settings: `DialogueRNNSettings` by name.
    """

    settings_class = DialogueRNNSettings
    settings: DialogueRNNSettings

    def build_network(self) -> nn.Module:
        """Returns the DialogueRNN network."""
        return DialogueRNNNetwork(self.settings, self.spec.widths, len(self.spec.labels))
