"""How a text encoder is fine-tuned: scores, layers, rates, matrices beside the layers, batches."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ercbench.config.compose import encoder_settings
from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.data.utterances import UtteranceBatch, UtteranceSpec
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Item
from ercbench.models.base.losses import score_loss
from ercbench.models.hcam.stage_one import HCAMText

SPEC = UtteranceSpec(["sad", "happy"], [3, 3])
TEXTS = ["late home", "late late late phone", "home", "phone home late", "phone", "home late"]


@pytest.fixture
def make(tiny_roberta):
    """Makes an encoder of the tiny model; equal settings give equal weights."""

    def made(**options):
        torch.manual_seed(0)
        settings = vars(encoder_settings("hcam_text", backbone=str(tiny_roberta), **options))
        return HCAMText(SPEC, **{k: v for k, v in settings.items() if k != "_target_"})

    return made


def batch_for(model):
    reader = HCAMText.make_reader(model.settings, None, Path())
    turns = tuple(Utterance(str(i), "Ross", text) for i, text in enumerate(TEXTS))
    talk = Conversation("talk", turns)
    inputs = reader.collate([reader.read(Item(talk, i)) for i in range(len(TEXTS))])
    scores = torch.tensor([-2.0, 1.5, math.nan, 0.5, -1, 3])
    return UtteranceBatch(inputs, torch.tensor([0, 1, 0, 1, -100, 1]), tuple("012345"), scores)


def gradients(model, batches, whole):
    model.zero_grad()
    for batch in batches:
        model.training_losses(batch, whole)["loss"].backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_a_score_counts_where_there_is_one():
    scores = torch.tensor([1.0, math.nan, -1.0])
    predicted = torch.tensor([1.5, 100.0, 2.0], requires_grad=True)
    loss = score_loss(predicted, scores)
    assert loss.item() == pytest.approx((0.5 * 0.5**2 + (3 - 0.5)) / 2)
    loss.backward()
    assert predicted.grad[1] == 0
    assert score_loss(predicted, torch.full((3,), math.nan)).item() == 0


@pytest.mark.parametrize("whole_dialogue", [False, True])
@pytest.mark.parametrize("size", [1, 4, 9])
def test_a_batch_that_is_cut_gives_the_same_gradient(make, size, whole_dialogue):
    own = {"whole_dialogue": whole_dialogue, "max_tokens": 16}
    model = make(beta=1.0, score_share=0.5, dropout=0.0, **own).eval()
    whole = batch_for(model)
    parts = whole.micro_batches(size)
    assert sum((part.ids for part in parts), ()) == whole.ids
    expected = gradients(model, [whole], whole)
    found = gradients(model, parts, whole)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-4)


def test_a_stretch_of_a_dialogue_is_computed_once(make, monkeypatch):
    model = make(beta=1.0, whole_dialogue=True, max_tokens=512).eval()
    read = []
    monkeypatch.setattr(
        model.network.backbone, "forward", spy(model.network.backbone.forward, read)
    )
    vectors = model(batch_for(model)).vectors
    assert [ids.shape[0] for ids in read] == [1]
    assert len(vectors) == len(TEXTS) == len({tuple(own) for own in vectors.tolist()})


def spy(forward, read):
    """Returns the function, which also notes the tokens that it is given."""

    def noted(*, input_ids, **others):
        read.append(input_ids)
        return forward(input_ids=input_ids, **others)

    return noted


def test_only_what_is_above_the_frozen_layers_is_trained_and_drops_out(make):
    model = make(frozen_layers=2)
    own = {n for n, p in model.named_parameters() if p.requires_grad}
    assert not any("embeddings" in n or ".layer.0." in n or ".layer.1." in n for n in own)
    assert any(".layer.2." in name for name in own)
    assert "network.classify.weight" in own
    layers = model.network.backbone.encoder.layer
    assert [layer.training for layer in layers] == [False, False, True, True]
    with pytest.raises(ErcbenchError, match=r"frozen_layers=5: the model has 4 layers"):
        make(frozen_layers=5)


def test_a_layer_learns_slower_the_lower_it_is(make):
    model = make(layer_decay=0.5, learning_rate=1.0)
    rate = {id(p): group["lr"] for group in model.parameter_groups() for p in group["params"]}
    rates = {name: rate[id(weights)] for name, weights in model.named_parameters()}
    assert len(rates) == sum(len(group["params"]) for group in model.parameter_groups())
    assert rates["network.classify.weight"] == 1
    for layer, expected in enumerate([0.5**4, 0.5**3, 0.25, 0.5]):
        found = {lr for name, lr in rates.items() if f"encoder.layer.{layer}." in name}
        assert found == {expected}
    assert {lr for name, lr in rates.items() if "embeddings" in name} == {0.5**5}


def test_lora_trains_little_beside_the_heads_and_starts_as_the_model_is(make):
    pytest.importorskip("peft")
    plain, model = make(dropout=0.0).eval(), make(dropout=0.0, lora_rank=2).eval()
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert all("lora_" in name or ".backbone." not in name for name in trained)
    assert any("lora_" in name for name in trained)
    inputs = batch_for(model).inputs
    torch.testing.assert_close(model.network(**inputs).vectors, plain.network(**inputs).vectors)


def test_lora_without_its_library_says_how_to_get_it(make, monkeypatch):
    monkeypatch.setattr("ercbench.extras.find_spec", lambda _: None)
    with pytest.raises(ErcbenchError, match=r"encoder\.lora_rank: needs the library peft"):
        make(lora_rank=2)


def test_the_embedder_reports_a_score_only_where_it_learns_one(make):
    inputs = batch_for(make()).inputs
    assert make().network(**inputs).scores is None
    model = make(score_share=0.3, beta=1.0)
    assert model.network(**inputs).scores.shape == (6,)
    batch = batch_for(model)
    silent = replace(batch, scores=torch.full((6,), math.nan))
    assert model.training_losses(silent, silent)["score_loss"].item() == 0
