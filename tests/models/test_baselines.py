"""The baselines are what their names say: they agree with plain torch and with scikit-learn."""

import numpy as np
import pytest
import torch
from helpers import SMALL_DATA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from torch import nn

import ercbench
from ercbench.config.compose import build_model
from ercbench.data.datamodule import DataSpec
from ercbench.errors import ErcbenchError
from ercbench.testing import Candidate
from ercbench.testing.dialogues import WIDTHS, make_batch

SIZES = {"train": 12, "validation": 6, "test": 6}
LENGTHS = (5, 1, 9, 3)


def built(name, **settings):
    """A model in evaluation mode and a batch with missing rows."""
    model = Candidate.of(name, settings).build()
    return model.eval(), model.preprocess(make_batch(LENGTHS, missing=0.3))


def rows_of(inputs, batch, index):
    """[L, D] features of one conversation, with what stands for missing rows."""
    rows = [
        torch.cat(
            [
                batch.features[m][index, turn] if batch.present[m][index, turn] else read.missing
                for m, read in inputs.read.items()
            ]
        )
        for turn in range(LENGTHS[index])
    ]
    return torch.stack(rows)


def assert_equal_alone(model, batch, logits_of):
    """The network's logits are those of `logits_of` for each conversation without padding."""
    logits = model.network(batch).logits
    for index, length in enumerate(LENGTHS):
        alone = logits_of(rows_of(model.network.inputs, batch, index))
        torch.testing.assert_close(logits[index, :length], alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 2])
def test_the_gru_is_torchs_own_over_each_conversation(layers):
    model, batch = built("gru", layers=layers)
    network = model.network
    assert_equal_alone(model, batch, lambda rows: network.classify(network.gru(rows)[0]))


@torch.no_grad()
def test_the_transformer_is_torchs_own_encoder_over_each_conversation():
    model, batch = built("transformer", layers=2)
    network, width = model.network, model.settings.hidden
    layer = nn.TransformerEncoderLayer(
        width, model.settings.heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
    )
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(width), enable_nested_tensor=False)
    names = {
        "layers.": "layers.",
        ".attention.": ".self_attn.",
        ".attention_norm.": ".norm1.",
        ".norm.": ".norm2.",
        ".feed_forward.0.": ".linear1.",
        ".feed_forward.3.": ".linear2.",
    }
    weights = {}
    for name, values in (*network.layers.named_parameters(), *network.norm.named_parameters()):
        renamed = f"layers.{name}" if name[0].isdigit() else f"norm.{name}"
        for ours, theirs in names.items():
            renamed = renamed.replace(ours, theirs)
        weights[renamed] = values
    encoder.load_state_dict(weights)

    def logits(rows):
        turn, pair = torch.arange(len(rows))[:, None], torch.arange(width // 2)
        angles = turn / 10_000 ** (2 * pair / width)
        positions = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        return network.classify(encoder.eval()((network.project(rows) + positions)[None])[0])

    assert_equal_alone(model, batch, logits)


@pytest.mark.parametrize(("class_weights", "theirs"), [("none", None), ("inverse", "balanced")])
def test_the_logistic_regressions_optimum_is_scikit_learns(class_weights, theirs):
    batch = make_batch([30, 50, 40])
    counts = torch.bincount(batch.labels[batch.mask], minlength=4).tolist()
    spec = DataSpec(WIDTHS, list("abcd"), counts, 0.5)
    model = build_model("logistic_regression", spec, class_weights=class_weights)
    optimizer = torch.optim.LBFGS(
        model.network.parameters(), max_iter=500, line_search_fn="strong_wolfe"
    )

    def loss():
        optimizer.zero_grad()
        value = model.training_losses(batch, batch)["loss"]
        value.backward()
        return value

    optimizer.step(loss)
    features = torch.cat([batch.features[m][batch.mask] for m in WIDTHS], -1).numpy()
    labels = batch.labels[batch.mask].numpy()
    reference = LogisticRegression(C=np.inf, class_weight=theirs, tol=1e-8, max_iter=1000)
    expected = reference.fit(features, labels).predict_proba(features)
    found = model.network(batch).logits[batch.mask].softmax(-1)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("class_weights", ["none", "inverse"])
def test_the_majority_class_is_scikit_learns_dummy(tmp_path, class_weights):
    changes = [*SMALL_DATA, f"model.class_weights={class_weights}", "model.weight_decay=0.5"]
    folders = {"runs": tmp_path, "stores": tmp_path}
    run = ercbench.train("majority", "simulated", overrides=changes, **folders)
    data = ercbench.load_dataset("simulated", stores=tmp_path, simulation=SIZES)
    learned, asked = (labels_of(data.part(name)) for name in ("train", "test"))
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(learned), 1)), learned)
    rows = np.zeros((len(asked), 1))
    np.testing.assert_allclose(run.probabilities, dummy.predict_proba(rows), atol=1e-6)
    score = f1_score(asked, dummy.predict(rows), average="weighted", zero_division=0)
    assert run.scores["weighted_f1"] == pytest.approx(score)


def labels_of(part):
    return np.concatenate([part.labels(i).numpy() for i in range(len(part))])


def test_bc_lstm_has_a_second_level_only_where_there_is_something_to_fuse():
    together, alone = (
        Candidate.of("bc_lstm").build({m: WIDTHS[m] for m in chosen})
        for chosen in (("text", "audio"), ("text",))
    )
    kinds = [[m for m in own.modules() if isinstance(m, nn.LSTM)] for own in (together, alone)]
    assert [len(lstms) for lstms in kinds] == [3, 1]


def test_a_width_that_heads_cannot_share_is_named():
    with pytest.raises(ErcbenchError, match="hidden=10: expected a multiple of heads=4"):
        Candidate.of("transformer", {"hidden": 10, "heads": 4}).build()
