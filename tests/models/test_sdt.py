import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from formula import filled
from torch import nn

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.data.datamodule import DataSpec
from ercbench.models.blocks.packing import Packing
from ercbench.models.sdt.lightning import SDT, distillation
from ercbench.models.sdt.network import SDTNetwork, Transformer, TransformerLayer
from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import ContractError
from ercbench.testing.dialogues import WIDTHS as MADE_UP
from ercbench.testing.dialogues import make_batch
from ercbench.testing.predicting import a_missing_row_is_not_an_average_row, any_length_can_be_read
from ercbench.testing.training import gradients_reach_every_parameter

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sdt.json").read_text())
WIDTHS = {"text": 6, "audio": 5, "visual": 4}
DIALOGUES = (5, 1, 3)
LETTERS = {"text": "t", "audio": "a", "visual": "v"}
ORDERS = {"text": "tav", "audio": "atv", "visual": "vta"}  # of what the public code concatenates
# Share of each label, whose inverse is the weight that the public code is given.
COUNTS = {"iemocap": [6, 3, 12, 4, 6, 2], "meld": [1] * 6}
SETTINGS = {
    "iemocap": {"speakers": 2, "class_weights": "inverse"},
    "meld": {
        "speakers": 9,
        "class_weights": "none",
        "unimodal_gate": "fixed",
        "temperature": 8.0,
    },
}


def public_names(settings):
    """Our parameter's name to the public code's."""
    names = {"gate.weight": "last_gate.fc.weight"}
    kinds = {"text": "textf", "audio": "acouf", "visual": "visuf"}
    parts = {
        "attention.query": "self_attn.linear_q",
        "attention.key": "self_attn.linear_k",
        "attention.value": "self_attn.linear_v",
        "attention.out": "self_attn.linear",
        "forward_norm": "feed_forward.layer_norm",
        "inner": "feed_forward.w_1",
        "outer": "feed_forward.w_2",
    }

    def both(ours, theirs):
        names.update({f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")})

    both("classify", "all_output_layer")
    for m, letter in LETTERS.items():
        names[f"project.{m}.linear.weight"] = f"{kinds[m]}_input.weight"
        both(f"heads.{m}.2", f"{letter}_output_layer.2")
        both(f"encoders.{m}.reduce", f"features_reduce_{letter}")
        for asked, other in LETTERS.items():
            ours, theirs = f"encoders.{m}.transformers.{asked}", f"{other}_{letter}"
            for part, name in parts.items():
                both(f"{ours}.layers.0.{part}", f"{theirs}.transformer_inter.0.{name}")
            if settings.unimodal_gate == "learned":
                names[f"{ours}.gate.weight"] = f"{theirs}_gate.fc.weight"
    return names


def in_our_order(weight, modality):
    """The columns of [D, 3 * D] weights, in the order of our modalities."""
    blocks = dict(zip(ORDERS[modality], weight.chunk(3, 1), strict=True))
    return torch.cat([blocks[letter] for letter in LETTERS.values()], 1)


@pytest.fixture(params=SETTINGS)
def corpus(request):
    return request.param


@pytest.fixture
def model(corpus):
    spec = DataSpec(WIDTHS, list("abcdef"), COUNTS[corpus], 0.5)
    model = build_model("sdt", spec, hidden=8, heads=2, **SETTINGS[corpus]).double()
    parameters, names = dict(model.network.named_parameters()), public_names(model.settings)
    with torch.no_grad():
        for ours, theirs in names.items():
            value, shape = parameters[ours], parameters[ours].shape
            public = filled(theirs, (*shape, 1) if ours.startswith("project") else shape)
            if ours.endswith("reduce.weight"):
                public = in_our_order(public, ours.split(".")[1])
            value.copy_(public.view(shape))
        rows = model.settings.speakers
        model.network.speakers.weight.copy_(filled("speaker_embeddings.weight", (rows + 1, 8))[:-1])
        for m in WIDTHS:
            model.network.project[m].linear.bias.zero_()
    return model.eval()


def make_dialogues(lengths, speakers):
    """The batch of the public code's recipe, tests/golden/sdt.py."""

    def item(i, n):
        features = {m: filled(f"{m}{i}", (n, w)) for m, w in WIDTHS.items()}
        there = dict.fromkeys(WIDTHS, torch.ones(n, dtype=torch.bool))
        who, labels = torch.arange(n) ** 2 % min(speakers, 3), torch.arange(n) % 6
        return ConversationItem(f"d{i}", features, there, who, labels)

    return collate([item(i, n) for i, n in enumerate(lengths)])


def weights_of(corpus):
    return torch.tensor([1.0, 2.0, 0.5, 1.5, 1.0, 3.0]) if corpus == "iemocap" else torch.ones(6)


@pytest.mark.parametrize("dialogues", [("together", DIALOGUES), ("alone", DIALOGUES[:1])])
def test_it_computes_what_the_public_code_computes(corpus, model, dialogues):
    name, lengths = dialogues
    expected = GOLDEN[corpus][name]
    batch = make_dialogues(lengths, model.settings.speakers)
    prediction = model.network.forward_with_students(batch)
    for output, logits in {**prediction.unimodal, "final": prediction.logits}.items():
        ours = logits.log_softmax(-1)[batch.mask]
        torch.testing.assert_close(ours.tolist(), expected[output], atol=1e-5, rtol=1e-5)
    assert torch.equal(model.network(batch).logits, prediction.logits)
    model.class_weights = weights_of(corpus)
    loss = model.training_losses(batch, batch)["loss"]
    assert loss.item() == pytest.approx(expected["loss"], rel=1e-5)
    loss.backward()
    theirs = [p.grad.norm() for n, p in model.network.named_parameters() if not is_ours_alone(n)]
    norm = torch.stack(theirs).norm().item()
    if name == "alone":
        assert norm == pytest.approx(expected["gradient_norm"], rel=1e-5)
    else:  # with padding theirs is NaN in a torch that differentiates kl_div by its target
        assert math.isfinite(norm)
        assert math.isnan(expected["gradient_norm"])


def is_ours_alone(name):
    return name.startswith("project") and name.endswith(("bias", "missing"))


def test_its_parameters_are_the_public_code_s_but_for_those_that_no_loss_reaches(corpus, model):
    shared = [p.numel() for n, p in model.network.named_parameters() if not is_ours_alone(n)]
    padding = 8  # the embedding of a speaker who is not there
    expected = GOLDEN[corpus]["parameters"] - GOLDEN[corpus]["without_gradient"] - padding
    assert sum(shared) == expected
    assert GOLDEN[corpus]["without_gradient"] == 9 * 2 * 8  # a norm in each transformer


def test_what_the_public_code_predicts_does_not_depend_on_the_batch():
    assert GOLDEN["share_changed_by_the_batch"] == 0


class ReleasedLayer(TransformerLayer):
    """The first layer of a transformer has a norm that it never uses, as in the public code."""

    def __init__(self, settings, first):
        super().__init__(settings, first)
        self.layer_norm = nn.LayerNorm(settings.hidden)


class WithIdleNorms(SDT):
    def build_network(self):
        network = super().build_network()
        for module in network.modules():
            if isinstance(module, Transformer):
                module.layers[0] = ReleasedLayer(self.settings, first=True)
        return network


class WithZerosForMissingRows(SDT):
    """Reads features alone, as public code does that knows no missing rows."""

    def predict(self, batch):
        return super().predict(replace(batch, present=dict.fromkeys(batch.present, batch.mask)))


class WithTableOfPositions(SDT):
    def predict(self, batch):
        torch.zeros(512)[batch.mask.shape[1] - 1]  # the public code's table
        return super().predict(batch)


@pytest.mark.parametrize(
    ("kind", "clause", "options", "found"),
    [
        (WithIdleNorms, gradients_reach_every_parameter, {}, "layer_norm"),
        (WithZerosForMissingRows, a_missing_row_is_not_an_average_row, {}, "the same prediction"),
        (WithTableOfPositions, any_length_can_be_read, {"lengths": [[513]]}, "out of bounds"),
    ],
)
def test_as_released_it_fails_a_clause_that_it_passes_here(kind, clause, options, found):
    small = {k: v for k, v in vars(model_settings("sdt", hidden=8)).items() if k != "_target_"}
    clause(Candidate(SDT, small), **options)
    with pytest.raises(ContractError, match=found):
        clause(Candidate(kind, small), **options)


def test_more_speakers_than_embeddings_share_the_last_one():
    network = SDTNetwork(model_settings("sdt", hidden=8, speakers=2), MADE_UP, 4).eval()
    batch = make_batch([4])
    crowd = replace(batch, speakers=torch.tensor([[0, 1, 5, 9]]))
    pair = replace(batch, speakers=torch.tensor([[0, 1, 1, 1]]))
    assert torch.equal(network(crowd).logits, network(pair).logits)


def test_only_the_intra_modal_transformer_asks_itself():
    torch.manual_seed(0)
    transformer = Transformer(model_settings("sdt", hidden=8)).eval()
    batch = make_batch([3])
    rows, other = torch.randn(3, 8), torch.randn(3, 8)
    packing = Packing.of(batch.mask)
    assert torch.equal(transformer(rows, packing), transformer(rows, packing, rows))
    assert not torch.allclose(transformer(rows, packing), transformer(rows, packing, other))


def test_a_fixed_gate_learns_nothing_and_is_the_sigmoid_of_what_it_gates():
    fixed, open_ = (model_settings("sdt", hidden=8, unimodal_gate=g) for g in ("fixed", "learned"))
    transformer, learned = Transformer(fixed).eval(), Transformer(open_).eval()
    learned.load_state_dict(transformer.state_dict() | {"gate.weight": torch.eye(8)})
    rows, packing = torch.randn(4, 8), Packing([4])
    torch.testing.assert_close(transformer(rows, packing), learned(rows, packing))
    assert not [name for name, _ in transformer.named_parameters() if "gate" in name]


def test_the_fused_row_is_a_weighted_mean_number_by_number():
    network = SDTNetwork(model_settings("sdt", hidden=8), MADE_UP, 4)
    rows = {m: torch.randn(5, 8) for m in MADE_UP}
    fused, stacked = network.fuse(rows), torch.stack(list(rows.values()))
    assert (fused >= stacked.amin(0) - 1e-6).all()
    assert (fused <= stacked.amax(0) + 1e-6).all()
    torch.testing.assert_close(network.fuse(dict.fromkeys(rows, rows["text"])), rows["text"])


def test_the_distillation_is_the_divergence_by_hand():
    student, teacher = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[2.0, 0.0]]])
    p, q = torch.tensor([1.0, 0.0]).softmax(0), torch.tensor([0.0, 0.5]).softmax(0)
    expected = (p * (p / q).log()).sum()
    labels = torch.tensor([[0]])
    torch.testing.assert_close(distillation(student, teacher, labels, 2.0, labels), expected)
    assert distillation(student, teacher, labels * 0 + IGNORE, 2.0, labels) == 0
    assert distillation(teacher, teacher, labels, 2.0, labels) == 0


@pytest.mark.parametrize("learns", [True, False])
def test_the_teacher_learns_from_its_students_only_if_told(learns):
    spec = DataSpec(MADE_UP, list("abcd"), [1] * 4, 0.5)
    model = build_model("sdt", spec, hidden=8, dropout=0.0, teacher_learns=learns)
    batch = make_batch([3, 2])
    model.training_losses(batch, batch)["distillation_loss"].backward()
    moved = [p.grad is not None and bool(p.grad.any()) for p in model.network.classify.parameters()]
    assert any(moved) is learns
