"""DialogueRNN: Majumder et al., AAAI 2019."""

from ercbench.models.dialogue_rnn.settings import DialogueRNNSettings
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="dialogue_rnn",
        title="DialogueRNN",
        summary="Majumder et al. 2019: a state per party, both ways and with attention",
        settings=DialogueRNNSettings,
        target="ercbench.models.dialogue_rnn.lightning.DialogueRNN",
        tiny={"hidden": 8, "emotion": 6},
    ),
)
