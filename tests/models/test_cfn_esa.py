import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.errors import ErcbenchError
from ercbench.models.base.losses import weighted_nll
from ercbench.models.blocks.packing import Packing
from ercbench.models.cfn_esa.lightning import shift_class_weights
from ercbench.models.cfn_esa.network import CFNESANetwork, shift_labels
from ercbench.models.cfn_esa.released import load_released
from ercbench.testing.dialogues import WIDTHS, make_batch

SMALL = model_settings("cfn_esa", hidden=8, heads=2, rume_layers=2, acme_layers=2, shift_hidden=6)


@pytest.fixture(scope="module")
def golden(shared):
    path = shared / "golden" / "cfn_esa_golden.safetensors"
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["config"]), load_file(path)


def settings_of(config):
    return model_settings("cfn_esa", heads=config["heads"])


def part(tensors, prefix):
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def assert_close(ours, theirs):
    error = (ours - theirs).abs().max() / theirs.abs().max()
    assert error <= 1e-5, f"relative error {error:.1e}"


@pytest.mark.shared
@pytest.mark.parametrize("dialogue", [0, 1, 2])
def test_released_weights_compute_what_the_authors_code_computes(golden, dialogue):
    config, tensors = golden
    network = load_released(part(tensors, "param."), settings_of(config)).eval()
    expected = part(tensors, f"dialogue{dialogue}.")
    labels = expected["label"].long()[None]
    mask = torch.ones_like(labels, dtype=torch.bool)
    batch = ConversationBatch(
        {m: expected[m][None] for m in ("text", "visual", "audio")},
        dict.fromkeys(("text", "visual", "audio"), mask),
        mask,
        torch.zeros_like(labels),
        labels,
        ("d",),
    )
    packing = Packing.of(mask)
    unimodal = network.unimodal(batch, packing)
    for modality, rows in unimodal.items():
        assert_close(rows, expected[f"rume.{modality}"])
    prediction = network.forward_with_shifts(batch)
    length = labels.shape[1]
    emotion = weighted_nll(prediction.logits, labels, tensors["class_weight"])
    shift = weighted_nll(
        prediction.shift_logits, shift_labels(labels, mask), tensors["shift_weight"]
    )
    total = emotion + config["shift_loss_weight"] * shift
    total.backward()
    gradients = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    assert_close(prediction.logits[0], expected["logits"])
    assert_close(prediction.shift_logits.view(length, length, 2), expected["shift_logits"])
    assert_close(emotion, expected["emotion_loss"])
    assert_close(shift, expected["shift_loss"])
    assert_close(total, expected["total_loss"])
    assert_close(torch.stack(gradients).norm(), expected["grad_norm"])
    assert_close(network(batch).logits[0], expected["logits"])


@pytest.mark.shared
def test_released_weights_that_do_not_fit_are_explained(golden):
    config, tensors = golden
    weights = part(tensors, "param.")
    with pytest.raises(ErcbenchError, match="no parameter 'linear_t.bias'"):
        load_released({}, SMALL)
    with pytest.raises(ErcbenchError, match="do not fit.*extra"):
        load_released(weights | {"extra": torch.zeros(1)}, settings_of(config))
    with pytest.raises(ErcbenchError, match="multiple of heads=5"):
        load_released(weights, model_settings("cfn_esa", hidden=5, heads=5))


def test_the_paper_size_has_the_released_number_of_parameters():
    settings = model_settings("cfn_esa", hidden=512, heads=8, rume_layers=2, acme_layers=5)
    with torch.device("meta"):
        network = CFNESANetwork(settings, {"text": 1024, "visual": 342, "audio": 1582}, 6)
    count = sum(p.numel() for p in network.parameters())
    missing = 3 * 512  # our vectors for missing rows, which the released code does not have
    assert count - missing == 67_083_656


def test_shift_logits_and_labels_are_in_the_same_order():
    torch.manual_seed(0)
    network, batch = CFNESANetwork(SMALL, WIDTHS, 4).eval(), make_batch([3, 1, 4])
    together = network.forward_with_shifts(batch).shift_logits
    one_by_one = [
        network.forward_with_shifts(batch._chosen([i], n)) for i, n in enumerate([3, 1, 4])
    ]
    expected = torch.cat([p.shift_logits for p in one_by_one])
    torch.testing.assert_close(together, expected, atol=1e-5, rtol=1e-4)
    assert len(shift_labels(batch.labels, batch.mask)) == len(together) == 9 + 1 + 16


def test_shift_labels_by_hand():
    labels = torch.tensor([[2, 0, 2], [1, IGNORE, IGNORE]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    expected = [0, 1, 0, 1, 0, 1, 0, 1, 0] + [0, IGNORE, IGNORE, IGNORE]
    assert shift_labels(labels, mask).tolist() == expected


def test_the_pair_layer_is_the_layer_on_concatenated_pairs():
    torch.manual_seed(0)
    module = CFNESANetwork(SMALL, WIDTHS, 4).eval().shift
    first, second = torch.randn(3, 8), torch.randn(3, 8)
    weight = torch.cat([module.first.weight, module.second.weight], 1)
    pairs = [torch.cat([first[i], second[j]]) for i in range(3) for j in range(3)]
    hidden = torch.stack(pairs) @ weight.T + module.second.bias
    torch.testing.assert_close(
        module(first, second, Packing([3])), module.classify(hidden), atol=1e-6, rtol=1e-5
    )


def test_the_two_views_differ_in_training_only():
    network, batch = CFNESANetwork(SMALL, WIDTHS, 4), make_batch([4])

    def asymmetry():
        packing = Packing.of(batch.mask)
        rows = {m: x.repeat(2, 1) for m, x in network.eval().unimodal(batch, packing).items()}
        network.train(training)
        first, second = network.cross_modal(rows, packing.repeated(2)).chunk(2)
        return (first - second).abs().max().item()

    training = True
    assert asymmetry() > 1e-3
    training = False
    assert asymmetry() < 1e-6


def test_inference_computes_neither_the_second_view_nor_pairs(monkeypatch):
    network, batch = CFNESANetwork(SMALL, WIDTHS, 4).eval(), make_batch([3, 2])
    rows = []
    monkeypatch.setattr(network.shift, "forward", lambda *_: pytest.fail("pairs were computed"))
    network.acme[0].register_forward_pre_hook(lambda _, args: rows.append(len(args[0]["text"])))
    network(batch)
    assert rows == [5]


def test_weights_of_the_unimodal_encoder_are_shared():
    """The same features give the same encoding whatever the modality."""
    torch.manual_seed(0)
    network = CFNESANetwork(SMALL, {"text": 5, "audio": 5}, 4).eval()
    network.project["audio"].load_state_dict(network.project["text"].state_dict())
    batch = make_batch([3, 2], widths={"text": 5, "audio": 5})
    batch.features["audio"].copy_(batch.features["text"])
    encoded = network.unimodal(batch, Packing.of(batch.mask))
    torch.testing.assert_close(encoded["text"], encoded["audio"])


def test_shift_weights_balance_the_two_kinds_of_pair():
    weights = shift_class_weights(0.6)
    assert weights[0] * 0.4 == pytest.approx(weights[1] * 0.6)
    assert torch.isfinite(shift_class_weights(0.0)).all()


@pytest.mark.parametrize("loss", ["nll", "focal", "focal_as_released"])
def test_every_emotion_loss_trains(loss):
    spec = {"widths": WIDTHS, "labels": list("abcd"), "label_counts": [1] * 4, "shift_rate": 0.5}
    model = build_model("cfn_esa", spec, hidden=8, heads=2, emotion_loss=loss)
    batch = make_batch([3, 2])
    losses = model.training_losses(batch, batch)
    assert losses["loss"] == losses["emotion_loss"] + losses["shift_loss"]
    losses["loss"].backward()


def test_a_shift_weight_of_zero_leaves_the_module_out():
    spec = {"widths": WIDTHS, "labels": list("abcd"), "label_counts": [1] * 4, "shift_rate": 0.5}
    model = build_model("cfn_esa", spec, hidden=8, heads=2, shift_weight=0)
    batch = make_batch([3, 2])
    model.training_losses(batch, batch)["loss"].backward()
    assert all(p.grad is None for p in model.network.shift.parameters())


def test_without_cross_modal_layers_the_unimodal_encodings_are_fused_as_they_are():
    spec = {"widths": WIDTHS, "labels": list("abcd"), "label_counts": [1] * 4, "shift_rate": 0.5}
    model = build_model("cfn_esa", spec, hidden=8, heads=2, acme_layers=0).eval()
    batch, network = make_batch([3, 2]), model.network
    packing = Packing.of(batch.mask)
    rows = network.unimodal(batch, packing)
    fused = network.fuse(torch.cat([rows[m] for m in network.modalities], -1))
    expected = packing.pad(network.classify(fused))
    assert torch.equal(network(batch).logits, expected)
    model.training_losses(batch, batch)["loss"].backward()
    assert all(p.grad is not None for p in network.rume.parameters())
