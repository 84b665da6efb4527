from dataclasses import replace

import pytest
import torch

from ercbench.config.compose import build_model, model_settings
from ercbench.data.datamodule import DataSpec
from ercbench.models.blocks.attention import CrossAttention
from ercbench.models.blocks.packing import Packing
from ercbench.models.hcam.network import CoAttentionLayer
from ercbench.testing.dialogues import WIDTHS, make_batch

SPEC = DataSpec(WIDTHS, list("abcd"), [4, 3, 2, 1], 0.6)
SMALL = {"hidden": 8, "context_attention": 6, "fusion_attention": 6, "fusion_width": 10}
LENGTHS = [4, 1, 3]


def make_model(widths=WIDTHS, **options):
    torch.manual_seed(0)
    return build_model("hcam", replace(SPEC, widths=widths), **SMALL | options)


def asked_one_by_one(attention, query, context, heads):
    """Attention written as a loop over conversations, queries and heads."""
    answers, first = [], 0
    for length in LENGTHS:
        keys = attention.key(context[first : first + length]).chunk(heads, -1)
        values = attention.value(context[first : first + length]).chunk(heads, -1)
        for row in query[first : first + length]:
            heard = []
            for q, k, v in zip(attention.query(row).chunk(heads), keys, values, strict=True):
                weights = (k @ q / len(q) ** 0.5).softmax(0)
                heard.append(sum(w * value for w, value in zip(weights, v, strict=True)))
            answers.append(attention.out(torch.cat(heard)))
        first += length
    return torch.stack(answers)


def test_attention_is_the_loop_over_single_queries():
    attention = CrossAttention(10, 3, 6)
    query, context = torch.randn(2, sum(LENGTHS), 10)
    found = attention(query, context, context, Packing(LENGTHS))
    torch.testing.assert_close(found, asked_one_by_one(attention, query, context, 3))


def test_in_co_attention_everybody_asks_the_others_as_they_were_then_itself():
    settings = model_settings("hcam", **SMALL, heads=3)
    layer = CoAttentionLayer(["text", "audio"], settings).eval()
    rows = dict(zip(("text", "audio"), torch.randn(2, sum(LENGTHS), 10), strict=True))
    found = layer(rows, Packing(LENGTHS))
    for own, other in (("text", "audio"), ("audio", "text")):
        block = layer[own]
        heard = asked_one_by_one(block.ask[other], rows[own], rows[other], 3)
        crossed = block.norm(rows[own] + heard)
        again = asked_one_by_one(block.itself.attention, crossed, crossed, 3)
        torch.testing.assert_close(found[own], block.itself.norm(crossed + again))


def test_a_stage_for_each_modality_then_the_fusion():
    model = make_model(context_epochs=7, fusion_epochs=3, fusion_learning_rate=0.5)
    *contexts, fusion = model.stages()
    assert [stage.name for stage in contexts] == list(WIDTHS)
    assert {(stage.epochs, stage.learning_rate) for stage in contexts} == {(7, 1e-3)}
    assert (fusion.name, fusion.epochs, fusion.learning_rate) == ("fusion", 3, 0.5)


def test_one_modality_is_its_context_alone():
    model, batch = make_model({"audio": 3}).eval(), make_batch(LENGTHS, widths={"audio": 3})
    (stage,) = model.stages()
    assert stage.name == "audio"
    assert list(model.outputs(batch)) == ["final"]
    assert torch.equal(model.outputs(batch)["final"], model(batch).logits)


def test_the_outputs_are_what_each_stage_predicts():
    model, batch = make_model().eval(), make_batch(LENGTHS)
    outputs = model.outputs(batch)
    assert set(outputs) == {"final", *WIDTHS}
    for stage in model.stages():
        model.start_stage(stage)
        found = outputs["final" if stage.name == "fusion" else stage.name]
        assert torch.equal(model.eval()(batch).logits, found)


def test_the_loss_is_beta_cross_entropy_and_the_rest_contrast():
    batch = make_batch(LENGTHS, unlabelled=0.2)
    losses = make_model(beta=0.3, dropout=0.0).training_losses(batch, batch)
    expected = 0.3 * losses["emotion_loss"] + 0.7 * losses["contrastive_loss"]
    torch.testing.assert_close(losses["loss"], expected)
    assert losses["contrastive_loss"] > 0
    assert set(make_model(beta=1.0).training_losses(batch, batch)) == {"loss"}


@pytest.mark.parametrize("options", [{"class_weights": "inverse"}, {"focal_gamma": 2.0}])
def test_class_weights_and_the_focal_term_are_settings(options):
    batch = make_batch(LENGTHS)
    plain, other = (
        make_model(beta=1.0, dropout=0.0, **o).training_losses(batch, batch)["loss"]
        for o in ({}, options)
    )
    assert not torch.isclose(plain, other)
