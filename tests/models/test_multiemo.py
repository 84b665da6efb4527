import json
from itertools import combinations
from pathlib import Path

import pytest
import torch
from formula import filled
from torch.nn import functional as F

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.errors import ErcbenchError
from ercbench.models.base.losses import weighted_nll
from ercbench.models.multiemo.losses import (
    focal_contrastive,
    rarities,
    soft_hgr,
    soft_hgr_as_released,
)
from ercbench.models.multiemo.network import MultiEMONetwork
from ercbench.testing.candidate import Candidate
from ercbench.testing.clauses import ContractError
from ercbench.testing.dialogues import WIDTHS as MADE_UP
from ercbench.testing.dialogues import make_batch
from ercbench.testing.predicting import predictions_do_not_depend_on_the_batch

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "multiemo.json").read_text())
WIDTHS = {"text": 6, "audio": 5, "visual": 4}
SPEAKERS = ([0, 1, 1, 0, 1], [0], [0, 1, 2, 1, 0, 0, 1, 2, 1])
COUNTS = [6, 3, 12, 4, 6, 2, 5]
CLASSES = {"iemocap": 6, "meld": 7}
SIZES = {"hidden": 8, "layers": 2, "heads": 2, "feed_forward": 2}
VARIANTS = {
    "iemocap": {},
    "meld": {"text_context": False, "directions": 1, "classifier": 2},
}
CELL = {
    "dialogue": "g_cell",
    "party": "p_cell",
    "emotion": "e_cell",
    "attention": "attention.scalar",
}
HEADS = {"query": "query_matrix", "key": "key_matrix", "value": "value_matrix"}


def public(name, heads=2):
    """Returns the public code's names of what one of our parameters holds, stacked."""
    part, _, kind = name.rpartition(".")
    first, *rest = part.split(".")
    if first == "project":
        return [f"{rest[0]}_fc.{kind}"]
    if first == "context" and rest[1] == "linear":
        return [f"{rest[0]}_dialoguernn.linear.{kind}"]
    if first == "context":
        m, _, _, way, cell = rest
        return [f"{m}_dialoguernn.dialog_rnn_{'fr'[int(way)]}.dialogue_cell.{CELL[cell]}.{kind}"]
    if first != "multi_attn":
        return [
            {"fuse": "fc", "classify.0": "mlp.linear_1", "classify.3": "mlp.linear_2"}[part]
            + f".{kind}"
        ]
    m, layer, inner, *where = rest
    start = f"multiattn.multiattn_{m}.multiattn_layers.{layer}."
    turn = 1 + [o for o in WIDTHS if o != m].index(where[0]) if inner in ("ask", "norms") else 0
    if inner == "ask" and where[1] == "out":
        return [f"{start}attn_{turn}.projection_matrix.{kind}"]
    if inner == "ask":
        own = HEADS[where[1]]
        return [f"{start}attn_{turn}.attention_heads.{h}.{own}.{kind}" for h in range(heads)]
    if inner == "norms":
        return [f"{start}add_norm_{turn}.layer_norm.{kind}"]
    if inner == "norm":
        return [f"{start}add_norm_3.layer_norm.{kind}"]
    return [f"{start}ff.linear_W{1 if where[0] == '0' else 2}.{kind}"]


def public_network(dataset, **changes):
    settings = model_settings("multiemo", **SIZES, **VARIANTS[dataset], **changes)
    network = MultiEMONetwork(settings, WIDTHS, CLASSES[dataset]).double().eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.endswith("missing"):
                names = public(name)
                shape = (parameter.shape[0] // len(names), *parameter.shape[1:])
                parameter.copy_(torch.cat([filled(each, shape) for each in names]))
    return network


def dialogues(which):
    def item(i):
        length = len(SPEAKERS[i])
        return ConversationItem(
            str(i),
            {m: filled(f"{m}{i}", (length, w)) for m, w in WIDTHS.items()},
            {m: torch.ones(length, dtype=torch.bool) for m in WIDTHS},
            torch.tensor(SPEAKERS[i]),
            torch.arange(length) % 4,
        )

    return collate([item(i) for i in which])


def agrees(own, theirs):
    torch.testing.assert_close(own, torch.tensor(theirs, dtype=own.dtype), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dataset", ["iemocap", "meld"])
@pytest.mark.parametrize(
    ("which", "attention"), [((2,), "masked"), ((2,), "as_released"), ((0, 1, 2), "as_released")]
)
def test_it_computes_what_the_public_code_computes(dataset, which, attention):
    """Alone with its masks mended, and in a padded batch as released."""
    expected = GOLDEN[dataset]["alone" if len(which) == 1 else "together"]
    network, batch = public_network(dataset, attention=attention), dialogues(which)
    prediction, labels = network(batch), batch.labels[batch.mask]
    losses = {
        "emotion_loss": weighted_nll(prediction.logits, batch.labels),
        "contrastive_loss": focal_contrastive(
            prediction.fused, labels, rarities(COUNTS[: CLASSES[dataset]], 1.1), 0.8, 2.4
        ),
        "correlation_loss": soft_hgr_as_released(prediction.modalities),
    }
    agrees(prediction.logits[batch.mask], expected["logits"])
    for name, loss in losses.items():
        agrees(loss, expected[name])
    emotion, contrast, correlation = losses.values()
    (0.2 * emotion + 0.4 * (contrast + correlation)).backward()
    norms = [p.grad.norm() for n, p in network.named_parameters() if "missing" not in n]
    agrees(torch.stack(norms).norm(), expected["gradient_norm"])


@pytest.mark.parametrize("dataset", ["iemocap", "meld"])
def test_the_paper_sizes_have_the_released_number_of_parameters_that_learn(dataset):
    settings = model_settings(
        "multiemo", hidden=256, layers={"iemocap": 6, "meld": 2}[dataset], **VARIANTS[dataset]
    )
    with torch.device("meta"):
        network = MultiEMONetwork(
            settings, {"text": 768, "audio": 512, "visual": 1000}, CLASSES[dataset]
        )
    count = sum(p.numel() for n, p in network.named_parameters() if "missing" not in n)
    assert count == GOLDEN["sizes"][dataset]["parameters"] - GOLDEN["sizes"][dataset]["unreached"]


def test_as_released_it_fails_the_clause_on_batches_and_mended_it_holds():
    predictions_do_not_depend_on_the_batch(Candidate.of("multiemo"))
    with pytest.raises(ContractError, match="never depends on what it is batched with"):
        predictions_do_not_depend_on_the_batch(
            Candidate.of("multiemo", {"attention": "as_released"})
        )
    assert GOLDEN["share_changed_by_the_batch"] > 0


def plain_contrast(rows, labels, weight, temperature, focus):
    """The double loop."""
    unit, total = F.normalize(rows, dim=-1), 0.0
    for i, label in enumerate(labels):
        others = [j for j in range(len(labels)) if j != i]
        p = torch.softmax(torch.stack([unit[i] @ unit[j] for j in others]) / temperature, 0)
        own = p[torch.tensor([labels[j] == label for j in others], dtype=torch.bool)]
        if len(own):
            total = total - weight[label] * ((1 - own) ** focus * own.log()).mean()
    return total / len(labels)


def test_the_contrastive_loss_is_the_double_loop_over_what_is_labelled():
    torch.manual_seed(0)
    rows, labels = torch.randn(7, 4), torch.tensor([0, 1, 0, 2, 0, 1, 1])
    weight = rarities([3, 3, 1], 0.8)
    expected = plain_contrast(rows, labels, weight, 0.8, 2.0)
    more = torch.cat([rows, torch.randn(2, 4)]), torch.cat([labels, torch.tensor([IGNORE] * 2)])
    torch.testing.assert_close(focal_contrastive(*more, weight, 0.8, 2.0), expected)
    assert focal_contrastive(rows[:1], labels[:1], weight, 0.8, 2.0) == 0


def test_soft_hgr_is_its_definition():
    torch.manual_seed(0)
    rows = [torch.randn(9, 4) for _ in range(3)]
    total = 0.0
    for f, g in combinations(rows, 2):
        mean = ((f - f.mean(0)) * (g - g.mean(0))).sum() / 8
        total = total - (mean - torch.trace(torch.cov(f.T) @ torch.cov(g.T)) / 2)
    torch.testing.assert_close(soft_hgr(rows), total / 4)


def test_the_released_soft_hgr_depends_on_means_and_on_the_size_of_the_batch():
    torch.manual_seed(0)
    rows = [torch.randn(9, 4) / 2] * 2  # as correlated as can be
    moved = [each + torch.arange(4) for each in rows]
    more = [each.repeat(400, 1) for each in rows]
    torch.testing.assert_close(soft_hgr(moved), soft_hgr(rows), atol=1e-5, rtol=1e-5)
    assert (soft_hgr_as_released(moved) - soft_hgr_as_released(rows)).abs() > 0.1
    # a larger batch of the same rows is rewarded still, and as released it is punished
    assert soft_hgr(rows) < 0 > soft_hgr(more)
    assert soft_hgr_as_released(rows) < 0 < soft_hgr_as_released(more)


def test_a_weight_of_zero_leaves_a_loss_out_and_one_modality_has_nothing_to_correlate():
    spec = {"widths": MADE_UP, "labels": list("abcd"), "label_counts": [1] * 4, "shift_rate": 0.5}
    batch = make_batch([3, 2])
    for weight, name in (
        ("contrastive_weight", "contrastive_loss"),
        ("correlation_weight", "correlation_loss"),
    ):
        model = build_model("multiemo", spec, hidden=8, **{weight: 0.0})
        assert name not in model.training_losses(batch, batch)
    alone = {**spec, "widths": {"text": MADE_UP["text"]}}
    batch = make_batch([3, 2], widths=alone["widths"])
    model = build_model("multiemo", alone, hidden=8)
    assert set(model.training_losses(batch, batch)) == {"loss", "emotion_loss", "contrastive_loss"}


def test_batches_cannot_be_cut_while_a_loss_needs_all_of_them():
    with pytest.raises(ErcbenchError, match="correlation_weight=0, a batch can be cut"):
        model_settings("multiemo", micro_batch_utterances=100)
    off = {"contrastive_weight": 0.0, "correlation_weight": 0.0}
    assert model_settings("multiemo", micro_batch_utterances=100, **off).hidden
