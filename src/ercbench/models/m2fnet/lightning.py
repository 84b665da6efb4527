"""M2FNet's dialogue network in training: cross-entropy."""

from torch import nn

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.m2fnet.network import M2FNetNetwork
from ercbench.models.m2fnet.settings import M2FNetSettings


class M2FNet(ConversationClassifier):
    """Multi-modal fusion network.

    Paper: Chudasama et al., CVPRW 2022, https://arxiv.org/abs/2206.02187; cross-entropy as in
    its equation 14. Its README lists what the paper leaves open.

    Args:
        spec: What the data is like.
        settings: `M2FNetSettings` by name.
    """

    settings_class = M2FNetSettings
    settings: M2FNetSettings

    def build_network(self) -> nn.Module:
        """Returns the dialogue network."""
        return M2FNetNetwork(self.settings, self.spec.widths, len(self.spec.labels))
