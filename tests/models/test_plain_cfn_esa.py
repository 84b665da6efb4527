import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.data.datamodule import DataSpec
from ercbench.models.cfn_esa.lightning import CFNESA
from helpers import WIDTHS, make_batch
from plain_cfn_esa import PlainCFNESA, plain_loss

SPEC = DataSpec(WIDTHS, list("abcd"), [4, 3, 2, 1], 0.6)
SIZES = {"hidden": 16, "heads": 4, "rume_layers": 2, "acme_layers": 2}
NO_DROPOUT = {"rume_dropout": 0, "acme_dropout": 0, "shift_dropout": 0}


@given(
    lengths=st.lists(st.integers(1, 15), min_size=1, max_size=6),
    pieces=st.sampled_from([None, 5, 20]),
    unlabelled=st.sampled_from([0.0, 0.2]),
)
@settings(max_examples=25, deadline=None)
def test_our_formulation_has_the_plain_ones_loss_and_gradients(lengths, pieces, unlabelled):
    torch.manual_seed(0)
    model = CFNESA(SPEC, **SIZES, **NO_DROPOUT).train()
    batch = make_batch(lengths, unlabelled=unlabelled)
    if not (batch.labels >= 0).any():
        return

    def gradients(run):
        model.zero_grad()
        loss = run()
        return loss, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    def plain():
        weights = model.class_weights, model.shift_class_weights
        loss = plain_loss(*PlainCFNESA(model.network)(batch), batch, *weights)
        loss.backward()
        return loss.item()

    def ours():
        losses = [model.training_losses(p, batch)["loss"] for p in batch.pieces(pieces)]
        for loss in losses:
            loss.backward()
        return sum(loss.item() for loss in losses)

    (expected, theirs), (loss, own) = gradients(plain), gradients(ours)
    torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)
    scale = max(g.abs().max() for g in theirs.values())
    for name, gradient in theirs.items():
        torch.testing.assert_close(own[name], gradient, atol=1e-4 * scale.item(), rtol=1e-4)
