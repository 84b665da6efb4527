"""Every model as one would write it down first: what our formulations are measured against.

Padded batches, one recurrent call per modality, attention with all its weights materialised; the
masks are right, so that losses and gradients equal ours. Each computes with the parameters of our
network, so that both can be compared number by number. No row may be missing.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ercbench.data.batch import ConversationBatch
from plain import baselines, cfn_esa, dialogue_rnn, graphsmile, hcam, m2fnet, multiemo, sdt

# Model to the loss of its plain formulation, of a model in training and a standardised batch.
LOSSES: dict[str, Callable[[Any, ConversationBatch], Tensor]] = {
    "cfn_esa": cfn_esa.loss,
    "dialogue_rnn": dialogue_rnn.loss,
    "graphsmile": graphsmile.loss,
    "hcam": hcam.loss,
    "m2fnet": m2fnet.loss,
    "multiemo": multiemo.loss,
    "sdt": sdt.loss,
    "majority": baselines.majority_loss,
    "logistic_regression": baselines.logistic_regression_loss,
    "mlp": baselines.mlp_loss,
    "gru": baselines.gru_loss,
    "transformer": baselines.transformer_loss,
    "late_fusion": baselines.late_fusion_loss,
    "bc_lstm": baselines.bc_lstm_loss,
}
