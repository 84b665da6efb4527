import json
from pathlib import Path

import pytest
import torch
from formula import filled
from torch.nn import functional as F

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import ConversationItem, collate
from ercbench.models.base.losses import weighted_nll
from ercbench.models.blocks.dialogue_rnn import DialogueRecurrence
from ercbench.models.blocks.packing import Packing
from ercbench.models.dialogue_rnn.network import DialogueRNNNetwork
from ercbench.testing.dialogues import WIDTHS, make_batch

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "dialogue_rnn.json").read_text())
SPEAKERS = ([0, 1, 1, 0, 1], [0], [0, 1, 2, 1, 0, 0, 1, 2, 1])
# Our parts to the released code's: of one direction, and of the rest.
CELL = {
    "dialogue": "g_cell",
    "party": "p_cell",
    "emotion": "e_cell",
    "listener": "l_cell",
    "attention": "attention.transform",
}
REST = {"head.0": "linear", "classify": "smax_fc", "attention.transform": "matchatt.transform"}


def released_name(ours):
    """Returns what the released code calls a parameter."""
    part, _, kind = ours.rpartition(".")
    if not part.startswith("recurrence."):
        return f"{REST[part]}.{kind}"
    _, _, way, cell = part.split(".")
    return f"dialog_rnn_{'fr'[int(way)]}.dialogue_cell.{CELL[cell]}.{kind}"


def released_network(listener):
    settings = model_settings("dialogue_rnn", hidden=7, emotion=5, listener=listener)
    network = DialogueRNNNetwork(settings, {"text": 6}, 4).double().eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.endswith("missing"):
                parameter.copy_(filled(released_name(name), parameter.shape))
    return network


def golden_batch():
    items = [
        ConversationItem(
            str(i),
            {"text": filled(f"rows{i}", (len(speakers), 6))},
            {"text": torch.ones(len(speakers), dtype=torch.bool)},
            torch.tensor(speakers),
            torch.arange(len(speakers)) % 4,
        )
        for i, speakers in enumerate(SPEAKERS)
    ]
    return collate(items)


@pytest.mark.parametrize("listener", [False, True])
def test_it_computes_what_the_released_code_computes(listener):
    expected = GOLDEN["listener" if listener else "plain"]
    network, batch = released_network(listener), golden_batch()
    logits = network(batch).logits
    loss = weighted_nll(logits, batch.labels, torch.tensor([1.0, 2.0, 3.0, 4.0]))
    loss.backward()
    gradients = [p.grad.norm() for n, p in network.named_parameters() if "missing" not in n]
    found = {
        "log_probabilities": logits.log_softmax(-1)[batch.mask],
        "loss": loss,
        "gradient_norm": torch.stack(gradients).norm(),
    }
    for name, own in found.items():
        theirs = torch.tensor(expected[name], dtype=own.dtype)
        torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("width", "classes", "sizes", "expected"),
    [
        (100, 6, {"hidden": 500, "emotion": 300}, GOLDEN["parameters"][0]),
        (900, 7, {"hidden": 150, "emotion": 100}, GOLDEN["parameters"][1]),
    ],
)
def test_the_paper_sizes_have_the_released_number_of_parameters(width, classes, sizes, expected):
    settings = model_settings("dialogue_rnn", **sizes)
    with torch.device("meta"):
        network = DialogueRNNNetwork(settings, {"text": width}, classes)
    count = sum(p.numel() for p in network.parameters())
    assert count - width == expected  # less the vector for a missing row, which is ours


def test_the_released_network_keeps_the_batch_out():
    assert GOLDEN["share_changed_by_the_batch"] == 0


def masked_softmax_as_released(scores, mask):
    """The released attention's weights: scores times the mask, softmax, the rest renormalised."""
    weights = (scores * mask).softmax(-1) * mask
    return weights / weights.sum(-1, keepdim=True)


def test_the_released_softmax_is_exact_but_for_scores_far_below_zero():
    mask = torch.tensor([1.0, 1.0, 0.0])
    for far, exact in ((-5.0, True), (-80.0, True), (-120.0, False)):
        scores = torch.tensor([far, far + 1, 7.0])
        expected = F.softmax(scores[:2], -1)
        own = masked_softmax_as_released(scores * mask, mask)[:2]
        assert torch.allclose(own, expected, atol=1e-5) is exact
    assert own.isnan().all()  # beside padding alone: without it the same scores are no harm


def test_forwards_nothing_comes_from_the_future_and_who_speaks_matters():
    torch.manual_seed(0)
    recurrence, rows = DialogueRecurrence(5, 8, 6), torch.randn(4, 5)
    first, changed = (
        recurrence(rows, torch.tensor(speakers), Packing([4]), [0])
        for speakers in ([0, 1, 0, 1], [0, 1, 2, 1])
    )
    assert torch.equal(first[:2], changed[:2])
    assert not torch.allclose(first[2], changed[2])


def test_numbering_the_parties_otherwise_changes_nothing():
    spec = {"widths": WIDTHS, "labels": list("abcd"), "label_counts": [1] * 4, "shift_rate": 0.5}
    for listener in (False, True):
        model = build_model("dialogue_rnn", spec, hidden=8, emotion=6, listener=listener).eval()
        batch = make_batch([5, 3])
        expected = model.network(batch).logits
        batch.speakers.copy_(3 - batch.speakers)
        torch.testing.assert_close(model.network(batch).logits, expected)
