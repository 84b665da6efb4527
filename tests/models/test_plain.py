import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.config.compose import build_model, model_settings
from ercbench.data.datamodule import DataSpec
from ercbench.models.registry import MODELS
from ercbench.testing.dialogues import make_batch
from plain import LOSSES

WIDTHS = {"text": 8, "audio": 4, "visual": 12}
SPEC = DataSpec(WIDTHS, list("abcd"), [4, 3, 2, 1], 0.6)
BASELINES = [entry.name for entry in MODELS if ".baselines." in entry.target]
SIZES = {
    "cfn_esa": {"hidden": 16, "heads": 4, "rume_layers": 2, "acme_layers": 2},
    "dialogue_rnn": {"hidden": 10, "emotion": 6},
    "hcam": {
        "hidden": 12,
        "gru_layers": 2,
        "context_attention": 6,
        "fusion_width": 10,
        "fusion_attention": 9,
    },
    "m2fnet": {"hidden": None, "encoders": 2, "fusion_layers": 2},
    "graphsmile": {
        "hidden": 12,
        "layers": 2,
        "past": 3,
        "future": 2,
        "sentiments": {"a": "positive", "b": "negative", "c": "neutral", "d": "negative"},
    },
    "multiemo": {"hidden": 8, "heads": 2, "layers": 2},
    "sdt": {"hidden": 12, "heads": 3, "layers": 2, "temperature": 2.0},
    **{name: dict(MODELS[name].tiny) for name in BASELINES},
}
CASES = [
    ("cfn_esa", 0, {}),
    *((name, 0, {"class_weights": "inverse"}) for name in BASELINES),
    *(("dialogue_rnn", 0, {"listener": listener}) for listener in (False, True)),
    *(("hcam", stage, {"class_weights": "inverse"}) for stage in range(4)),
    *(("m2fnet", 0, {"fusion": fusion}) for fusion in ("as_printed", "residual", "concatenation")),
    ("m2fnet", 0, {"positions": "sinusoidal", "class_weights": "inverse"}),
    ("graphsmile", 0, {"shift_window": 4}),
    ("graphsmile", 0, {"shift_window": None, "class_weights": "inverse"}),
    ("multiemo", 0, {"class_weights": "inverse"}),
    ("multiemo", 0, {"text_context": False, "classifier": 2}),
    ("sdt", 0, {}),
    ("sdt", 0, {"unimodal_gate": "fixed", "class_weights": "none"}),
]


def make_model(name, stage, options):
    torch.manual_seed(0)
    off = {setting: 0.0 for setting in vars(model_settings(name)) if setting.endswith("dropout")}
    model = build_model(name, SPEC, **SIZES[name], **off, **options)
    model.start_stage(model.stages()[stage])
    return model


def gradients(model, losses):
    model.zero_grad()
    for loss in losses:
        loss.backward()
    total = sum(loss.item() for loss in losses)
    return total, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_every_model_has_a_plain_formulation():
    assert LOSSES.keys() == set(MODELS.names)


@pytest.mark.parametrize(("name", "stage", "options"), CASES)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    size=st.sampled_from([None, 5, 12]),
    unlabelled=st.sampled_from([0.0, 0.2]),
)
@settings(max_examples=8, deadline=None)
def test_our_formulation_has_the_plain_ones_loss_and_gradients(
    name, stage, options, lengths, size, unlabelled
):
    model = make_model(name, stage, options)
    batch = make_batch(lengths, widths=WIDTHS, unlabelled=unlabelled)
    if not (batch.labels >= 0).any():
        return
    micro_batches = [batch] if name in ("hcam", "multiemo") else batch.micro_batches(size)
    expected, theirs = gradients(model, [LOSSES[name](model, batch)])
    loss, own = gradients(model, [model.training_losses(p, batch)["loss"] for p in micro_batches])
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)
    scale = max(g.abs().max() for g in theirs.values())
    assert own.keys() - theirs.keys() == {n for n in own if n.endswith("missing")}
    for parameter, gradient in theirs.items():
        mine = own.get(parameter, torch.zeros_like(gradient))  # none is none in either
        torch.testing.assert_close(mine, gradient, atol=1e-4 * scale.item(), rtol=1e-4)
