from dataclasses import replace

import pytest
import torch

from ercbench.config.compose import build_model, model_settings
from ercbench.data.datamodule import DataSpec
from ercbench.errors import ErcbenchError
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.positions import sinusoids
from ercbench.models.m2fnet.network import FusionAttention
from ercbench.testing.dialogues import make_batch

WIDTHS = {"text": 8, "audio": 4, "visual": 12}
SPEC = DataSpec(WIDTHS, list("abcd"), [4, 3, 2, 1], 0.6)
LENGTHS, HEADS = [4, 1, 3], 2


def make_model(widths=WIDTHS, **options):
    torch.manual_seed(0)
    spec = replace(SPEC, widths=widths)
    return build_model("m2fnet", spec, hidden=None, heads=HEADS, **options).eval()


def fused_one_by_one(layer, fused, rows):
    """A fusion layer written as a loop over conversations, queries and heads."""
    answers, first = [], 0
    for length in LENGTHS:
        span = slice(first, first + length)
        for row in fused[span]:
            heard = []
            for modality, ask in layer.attention.items():
                heads = zip(
                    ask.query(row).chunk(HEADS),
                    ask.key(rows[modality][span]).chunk(HEADS, -1),
                    ask.value(fused[span]).chunk(HEADS, -1),
                    strict=True,
                )
                answer = [((k @ q / len(q) ** 0.5).softmax(0)) @ v for q, k, v in heads]
                heard.append(ask.out(torch.cat(answer)))
            answers.append(layer.merge(torch.cat([*heard, row])))
        first += length
    return torch.stack(answers)


def test_in_the_fusion_text_is_query_and_value_and_each_other_modality_a_key():
    layer = FusionAttention(WIDTHS, model_settings("m2fnet", hidden=None, heads=HEADS)).eval()
    rows = {m: torch.randn(sum(LENGTHS), w) for m, w in WIDTHS.items()}
    fused = torch.randn(sum(LENGTHS), 8)
    found = layer(fused, rows, Packing(LENGTHS))
    torch.testing.assert_close(found, fused_one_by_one(layer, fused, rows))


def test_the_same_audio_and_visual_streams_enter_every_layer_and_the_head():
    model, batch = make_model(encoders=1, fusion_layers=3), make_batch(LENGTHS, widths=WIDTHS)
    network, packing = model.network, Packing(LENGTHS)
    projected = network.project(batch)
    rows = {m: network.encoders[m](projected[m], packing) for m in WIDTHS}
    fused = rows["text"]
    for layer in network.fusion:
        fused = fused_one_by_one(layer, fused, rows)
    streams = torch.cat([fused, rows["audio"], rows["visual"]], -1)
    found = network(batch).logits[batch.mask]
    torch.testing.assert_close(found, network.classify(streams), atol=1e-5, rtol=1e-4)


def test_there_is_a_skip_around_every_encoder():
    model = make_model(encoders=2, positions="none")
    for parameter in model.network.encoders["text"].parameters():
        torch.nn.init.zeros_(parameter)
    rows = torch.randn(sum(LENGTHS), 8)
    assert torch.equal(model.network.encoders["text"](rows, Packing(LENGTHS)), rows)


def test_the_printed_fusion_has_no_norm_and_no_feed_forward_part_the_variant_has_both():
    def parts(fusion):
        layer = make_model(fusion=fusion).network.fusion[0]
        return {type(module).__name__ for module in layer.modules()}

    assert not {"LayerNorm", "FeedForward", "Dropout"} & parts("as_printed")
    assert {"LayerNorm", "FeedForward", "Dropout"} <= parts("residual")


def test_concatenation_and_text_alone_have_no_fusion():
    assert not len(make_model(fusion="concatenation").network.fusion)
    assert not len(make_model({"text": 8}).network.fusion)
    assert len(make_model({"text": 8, "audio": 4}).network.fusion) == 5


def test_every_modality_keeps_its_own_width_as_in_the_paper():
    network = make_model().network
    assert network.classify[0].in_features == sum(WIDTHS.values())
    assert network.classify[0].out_features == network.fusion[0].merge.out_features == 8


@pytest.mark.parametrize(("positions", "same"), [("none", True), ("sinusoidal", False)])
def test_without_positions_the_order_of_utterances_does_not_matter(positions, same):
    model, batch = make_model(positions=positions), make_batch([6], widths=WIDTHS)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    shuffled = replace(
        batch,
        features={m: values[:, order] for m, values in batch.features.items()},
        present={m: values[:, order] for m, values in batch.present.items()},
    )
    found, expected = model(shuffled).logits, model(batch).logits[:, order]
    assert torch.allclose(found, expected, atol=1e-5) == same


def test_sinusoids_by_hand():
    found = sinusoids(torch.tensor([0, 3]), 5)
    angles = 3 / torch.tensor([1, 10_000**0.4, 10_000**0.8])
    expected = [angles[0].sin(), angles[0].cos(), angles[1].sin(), angles[1].cos(), angles[2].sin()]
    torch.testing.assert_close(
        found, torch.stack([torch.tensor([0, 1.0, 0, 1, 0]), *[torch.stack(expected)]])
    )


def test_a_width_that_the_heads_cannot_share_is_named():
    with pytest.raises(ErcbenchError, match=r"heads=2: .* the audio features' width 3"):
        make_model({"text": 8, "audio": 3})
