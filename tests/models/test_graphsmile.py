import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from formula import filled

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.data.datamodule import DataSpec
from ercbench.models.blocks.packing import Packing
from ercbench.models.graphsmile.graph import Window
from ercbench.models.graphsmile.lightning import GraphSmile
from ercbench.models.graphsmile.network import shift_labels, windows
from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import ContractError
from ercbench.testing.dialogues import WIDTHS as MADE_UP
from ercbench.testing.dialogues import make_batch
from ercbench.testing.predicting import (
    any_length_can_be_read,
    logits_have_the_shape_of_the_batch,
    predictions_do_not_depend_on_the_batch,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "graphsmile.json").read_text())
WIDTHS = {"text": 6, "visual": 4, "audio": 5}
DIALOGUES = (5, 1, 3)
LETTERS = {"text": "t", "visual": "v", "audio": "a"}
LABELS = ["happy", "sad", "neutral", "angry", "excited", "frustrated"]
SPEC = DataSpec(WIDTHS, LABELS, [1] * 6, 0.5)
SMALL = {"hidden": 8, "layers": 2, "past": 2, "future": 1, "shift_window": 2, "dropout": 0.0}
RELEASED = {"edge_weights": "as_released", "text_norm": "as_released"}


def public_names():
    """Our parameter's name to the public code's."""
    names = {}

    def both(ours, theirs):
        names.update({f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")})

    for m, letter in LETTERS.items():
        both(f"project.{m}.linear", f"dim_layer_{letter}.0")
    for i, pair in enumerate(("tv", "ta", "va")):
        names[f"graphs.{i}.weights.each"] = f"hetergconv_{pair}.edge_weight"
        for layer in range(2):
            convolution = f"hetergconv_{pair}.hetergcn_layers.{layer}.hetergconv"
            names[f"graphs.{i}.convolve.{layer}.weight"] = f"{convolution}.weight"
            names[f"graphs.{i}.biases.{layer}"] = f"{convolution}.bias"
            both(f"graphs.{i}.add.{layer}.0", f"hetergconv_{pair}.fc_layers.{layer}.0")
    both("text_norm.norm", "batchnorms_t.0")
    both("fuse.0", "modal_fusion.0")
    both("classify", "emo_output")
    both("sentiment", "sen_output")
    both("shift", "senshift.shift_output_layer.0")
    return names


def filled_model(edges=lambda weights: weights, **options):
    """Our model with the public code's weights by formula."""
    model, names = build_model("graphsmile", SPEC, **SMALL, **RELEASED, **options), public_names()
    with torch.no_grad():
        for ours, parameter in model.network.named_parameters():
            if ours.endswith("missing"):
                continue
            public = filled(names[ours], parameter.shape, torch.float32)
            if "convolve" in ours:  # which the public code multiplies from the right
                public = public.T
            parameter.copy_(edges(public) if ours.endswith("each") else public)
    return model


def mended(released):
    """A model without the released parts, which has the weights of one with them.

    Its text projection does what the normalisation of a network in evaluation does.
    """
    model = build_model("graphsmile", SPEC, **SMALL)
    state, norm = released.network.state_dict(), released.network.text_norm.norm
    scale = norm.weight / (1 + norm.eps) ** 0.5
    weight, bias = (state[f"project.text.linear.{kind}"] for kind in ("weight", "bias"))
    state["project.text.linear.weight"] = weight * scale
    state["project.text.linear.bias"] = bias + weight @ norm.bias
    kept = {n: v for n, v in state.items() if not n.startswith("text_norm") and "each" not in n}
    missing, unexpected = model.network.load_state_dict(kept, strict=False)
    assert {name.split(".")[-1] for name in missing} == {"logs"}
    assert not unexpected
    return model


def make_dialogues():
    """The batch of the public code's recipe, tests/golden/graphsmile.py."""

    def item(i, n):
        features = {m: filled(f"{m}{i}", (n, w), torch.float32) for m, w in WIDTHS.items()}
        there = dict.fromkeys(WIDTHS, torch.ones(n, dtype=torch.bool))
        return ConversationItem(
            f"d{i}", features, there, torch.zeros(n).long(), torch.arange(n) % 6
        )

    return collate([item(i, n) for i, n in enumerate(DIALOGUES)])


def assert_same(model, expected):
    batch = make_dialogues()
    prediction = model.network.forward_with_sentiments(batch)
    for ours, theirs in (
        (prediction.logits[batch.mask], "emotions"),
        (prediction.sentiments[batch.mask], "sentiments"),
        (prediction.shifts, "shifts"),
    ):
        public = torch.tensor(expected[theirs])
        torch.testing.assert_close(ours, public, atol=1e-5 * public.abs().max().item(), rtol=1e-5)
    losses = model.training_losses(batch, batch)
    assert losses["loss"].item() == pytest.approx(expected["loss"], rel=1e-5)
    return losses["loss"]


@pytest.mark.parametrize("training", [False, True])
def test_as_released_it_computes_what_the_public_code_computes(training):
    model = filled_model().train(training)
    expected = GOLDEN["training" if training else "trained_edges"]
    assert_same(model, expected).backward()
    norms = [p.grad.norm() for p in model.network.parameters() if p.grad is not None]
    assert torch.stack(norms).norm().item() == pytest.approx(expected["gradient_norm"], rel=1e-4)
    prototypes, norms = 3 * (8 * 8 + 8), 3 * 2 * 6  # of layers, and of texts that are not read
    assert expected["without_gradient"] == prototypes + norms


def test_the_mended_one_computes_the_same_before_edges_are_trained():
    expected = GOLDEN["untrained_edges"]
    released = filled_model(torch.ones_like).eval()
    assert_same(released, expected)
    assert_same(mended(released).eval(), expected)


def test_the_public_code_and_ours_as_released_are_nan_once_a_row_s_edges_sum_below_zero():
    assert math.isnan(GOLDEN["negative_edges"]["loss"])
    model, batch = filled_model(lambda weights: 10 * (weights - 1)).eval(), make_dialogues()
    assert math.isnan(model.training_losses(batch, batch)["loss"].item())
    mended_model = mended(model)
    for graph in mended_model.network.graphs:
        torch.nn.init.normal_(graph.weights.logs, std=3)
    assert math.isfinite(mended_model.training_losses(batch, batch)["loss"].item())


class WithPositiveEdges(GraphSmile):
    """As released, its edges trained, and none of them below zero."""

    def predict(self, batch):
        for graph in self.network.graphs:
            graph.weights.each.data.abs_()
        return super().predict(batch)


def candidate(kind=GraphSmile, **changes):
    small = model_settings("graphsmile", **(SMALL | changes))
    return Candidate(kind, {k: v for k, v in vars(small).items() if k != "_target_"})


WIDE = {"past": 299, "future": 299}
EDGES = {"edge_weights": "as_released"}


@pytest.mark.parametrize(
    ("kind", "size", "released", "clause", "options", "found"),
    [
        (GraphSmile, {}, EDGES, logits_have_the_shape_of_the_batch, {}, "NaN"),
        (WithPositiveEdges, {}, EDGES, predictions_do_not_depend_on_the_batch, {}, "differ"),
        (WithPositiveEdges, WIDE, EDGES, any_length_can_be_read, {"lengths": [[600]]}, "Error"),
    ],
)
def test_as_released_it_fails_a_clause_that_it_passes_here(
    kind, size, released, clause, options, found
):
    clause(candidate(**size), **options)
    with pytest.raises(ContractError, match=found):
        clause(candidate(kind, **size, **released), **options)


@pytest.mark.parametrize("norm", ["none", "as_released"])
def test_only_the_released_normalisation_trains_on_padding(norm):
    model, batch = build_model("graphsmile", SPEC, **SMALL, text_norm=norm), make_dialogues()
    longer = collate_to(batch, 9)
    rows = [model.network.encode(each, Packing.of(each.mask)) for each in (batch, longer)]
    assert torch.allclose(*rows, atol=1e-6) is (norm == "none")


def collate_to(batch, length):
    """The batch with more padding."""

    def pad(x, value=0):
        more = x.new_full((x.shape[0], length - x.shape[1], *x.shape[2:]), value)
        return torch.cat([x, more], 1)

    return replace(
        batch,
        features={m: pad(x) for m, x in batch.features.items()},
        present={m: pad(x) for m, x in batch.present.items()},
        mask=pad(batch.mask),
        speakers=pad(batch.speakers),
        labels=pad(batch.labels, IGNORE),
    )


def test_what_the_public_code_predicts_depends_on_the_batch():
    assert GOLDEN["share_changed_by_the_batch"] > 0


def test_who_hears_whom_by_hand():
    window = Window(Packing([4, 2]), past=1, future=2)
    heard = [[0, 1, 2], [0, 1, 2, 3], [1, 2, 3], [2, 3]], [[0, 1], [0, 1], [], []]
    expected = torch.zeros(2, 4, 4, dtype=torch.bool)
    for b, rows in enumerate(heard):
        for i, others in enumerate(rows):
            expected[b, i, others] = True
    assert torch.equal(window.edges, expected)


def test_an_utterance_beyond_the_window_of_every_layer_changes_nothing():
    model = build_model("graphsmile", DataSpec(MADE_UP, list("abcd"), [1] * 4, 0.5), **SMALL).eval()
    batch = make_batch([9])
    before = model(batch).logits
    batch.features["text"][0, 8] += 5
    after = model(batch).logits
    unheard = 8 - 2 * SMALL["future"]
    assert torch.equal(before[0, :unheard], after[0, :unheard])
    assert not torch.allclose(before[0, unheard], after[0, unheard])


def test_windows_and_shift_labels_by_hand():
    assert windows([5, 1], 2) == [2, 2, 1, 1]
    assert windows([5, 1], None) == [5, 1]
    sentiments = torch.tensor([[2, 0, 2], [1, IGNORE, IGNORE]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    expected = [0, 1, 1, 0, 0] + [0, IGNORE, IGNORE, IGNORE]
    assert shift_labels(sentiments, mask, 2).tolist() == expected


def test_a_label_without_a_sentiment_counts_in_no_auxiliary_loss():
    spec = DataSpec(WIDTHS, ["joy", "surprise"], [1, 1], 0.5)
    model = build_model("graphsmile", spec, **SMALL)
    found = model.sentiments(torch.tensor([[0, 1, IGNORE]]))
    assert found.tolist() == [[2, IGNORE, IGNORE]]


def test_labels_that_nobody_knows_the_sentiment_of_train_emotions_alone():
    spec = DataSpec(MADE_UP, list("abcd"), [1] * 4, 0.5)
    model, batch = build_model("graphsmile", spec, **SMALL), make_batch([3, 2])
    losses = model.training_losses(batch, batch)
    assert losses.keys() == {"loss"}
    losses["loss"].backward()
    assert all(
        p.grad is not None for n, p in model.network.named_parameters() if "missing" not in n
    )
