"""The plainest models: what any paper's gain is measured against."""

from ercbench.models.baselines.settings import (
    BcLSTMSettings,
    GRUSettings,
    LateFusionSettings,
    LogisticRegressionSettings,
    MajoritySettings,
    MLPSettings,
    TransformerSettings,
)
from ercbench.models.registry import Model

MODELS = (
    Model(
        name="majority",
        title="majority class",
        summary="always the most frequent class of the training part: nothing is learned",
        settings=MajoritySettings,
        target="ercbench.models.baselines.majority.Majority",
        tunable=False,
    ),
    Model(
        name="logistic_regression",
        title="logistic regression",
        summary="one linear layer on one utterance: no context",
        settings=LogisticRegressionSettings,
        target="ercbench.models.baselines.logistic_regression.LogisticRegression",
    ),
    Model(
        name="mlp",
        title="MLP",
        summary="a multilayer perceptron on one utterance: no context",
        settings=MLPSettings,
        target="ercbench.models.baselines.mlp.MLP",
        tiny={"hidden": 8},
    ),
    Model(
        name="gru",
        title="GRU",
        summary="a bidirectional GRU over the concatenated features: context, and nothing else",
        settings=GRUSettings,
        target="ercbench.models.baselines.gru.GRU",
        tiny={"hidden": 8},
    ),
    Model(
        name="transformer",
        title="transformer",
        summary="a transformer encoder over the concatenated features: context by attention",
        settings=TransformerSettings,
        target="ercbench.models.baselines.transformer.Transformer",
        tiny={"hidden": 8},
    ),
    Model(
        name="late_fusion",
        title="late fusion",
        summary="a bidirectional GRU per modality, their logits averaged with learned weights",
        settings=LateFusionSettings,
        target="ercbench.models.baselines.late_fusion.LateFusion",
        tiny={"hidden": 8},
    ),
    Model(
        name="bc_lstm",
        title="bc-LSTM",
        summary="Poria et al. 2017: an LSTM per modality, one over all; trained end to end",
        settings=BcLSTMSettings,
        target="ercbench.models.baselines.bc_lstm.BcLSTM",
        reconstruction="the paper's two levels, trained at once instead of one after the other",
        tiny={"hidden": 8},
    ),
)
