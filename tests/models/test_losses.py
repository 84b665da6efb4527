import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ercbench.data.batch import IGNORE
from ercbench.models.base.losses import (
    focal_loss,
    inverse_frequencies,
    released_focal_loss,
    supervised_contrastive,
    weighted_nll,
)
from ercbench.testing.dialogues import make_batch

LOGITS = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([[0, 1, 2, 3, 0], [1, 1, IGNORE, IGNORE, IGNORE], [2, IGNORE, 0, 0, 3]])
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 3.0])


def rows():
    known = LABELS != IGNORE
    return zip(LOGITS[known].softmax(-1), LABELS[known], strict=True)


def test_weighted_nll_by_hand():
    total = sum(-WEIGHT[y] * p[y].log() for p, y in rows())
    expected = total / sum(WEIGHT[y] for _, y in rows())
    torch.testing.assert_close(weighted_nll(LOGITS, LABELS, WEIGHT), expected)


def test_focal_by_hand_and_as_cross_entropy():
    losses = [-((1 - p[y]) ** 2.5) * p[y].log() for p, y in rows()]
    torch.testing.assert_close(focal_loss(LOGITS, LABELS, 2.5), torch.stack(losses).mean())
    torch.testing.assert_close(focal_loss(LOGITS, LABELS, 0.0), weighted_nll(LOGITS, LABELS))


def test_weighted_focal_by_hand_and_as_weighted_cross_entropy():
    losses = [-WEIGHT[y] * (1 - p[y]) ** 2 * p[y].log() for p, y in rows()]
    expected = sum(losses) / sum(WEIGHT[y] for _, y in rows())
    torch.testing.assert_close(focal_loss(LOGITS, LABELS, 2.0, WEIGHT), expected)
    found = focal_loss(LOGITS, LABELS, 0.0, WEIGHT)
    torch.testing.assert_close(found, weighted_nll(LOGITS, LABELS, WEIGHT))


@given(labels=st.lists(st.sampled_from([0, 1, 2, IGNORE]), min_size=1, max_size=12))
def test_supervised_contrast_is_the_double_loop(labels):
    embeddings = torch.randn(len(labels), 5, generator=torch.Generator().manual_seed(1))
    unit = embeddings / embeddings.norm(dim=-1, keepdim=True)
    known, terms = [i for i, label in enumerate(labels) if label != IGNORE], []
    for i in known:
        others = [a for a in known if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if positives:
            total = sum((unit[i] @ unit[a] / 0.3).exp() for a in others)
            ratios = [((unit[i] @ unit[p] / 0.3).exp() / total).log() for p in positives]
            terms.append(-sum(ratios) / len(positives))
    expected = torch.stack(terms).mean() if terms else torch.tensor(0.0)
    found = supervised_contrastive(embeddings, torch.tensor(labels), 0.3)
    torch.testing.assert_close(found, expected)


def test_supervised_contrast_draws_a_label_together_and_survives_equal_rows():
    apart, labels = torch.eye(4), torch.tensor([0, 0, 1, 1])
    together = apart[[0, 0, 2, 2]].requires_grad_()
    loss = supervised_contrastive(together, labels, 0.1)
    loss.backward()
    assert loss < supervised_contrastive(apart, labels, 0.1)
    assert torch.isfinite(together.grad).all()


def test_released_focal_by_hand():
    losses = [
        -((1 - p[c].log()) ** 2.5) * p[c].log() if c == y else -p[c].log()
        for p, y in rows()
        for c in range(4)
    ]
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(released_focal_loss(LOGITS, LABELS, 2.5), expected)


def test_the_released_focal_loss_wants_an_unsure_prediction():
    """The defect: the best answer to a noise-free example of seven classes is 0.53."""
    logits = torch.zeros(1, 7, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=200)

    def closure():
        optimiser.zero_grad()
        loss = released_focal_loss(logits, torch.tensor([0]), 2.5)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert logits.softmax(-1)[0, 0].item() == pytest.approx(0.529, abs=2e-3)


@pytest.mark.parametrize(
    "loss",
    [
        lambda *a, **k: weighted_nll(*a, WEIGHT, **k),
        lambda *a, **k: focal_loss(*a, 2.0, WEIGHT, **k),
        lambda *a, **k: released_focal_loss(*a, 2.0, **k),
    ],
)
def test_pieces_add_up_to_the_batch_and_nothing_labelled_is_zero(loss):
    parts = [loss(LOGITS[i], LABELS[i], over=LABELS) for i in range(3)]
    torch.testing.assert_close(sum(parts), loss(LOGITS, LABELS))
    nothing = torch.full_like(LABELS, IGNORE)
    logits = LOGITS.clone().requires_grad_()
    value = loss(logits, nothing)
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


def test_padding_has_no_gradient_even_if_it_is_not_a_number():
    batch = make_batch([3, 1])
    logits = torch.randn(2, 3, 4)
    logits[1, 1:] = torch.nan
    logits.requires_grad_()
    weighted_nll(logits, batch.labels).backward()
    assert torch.isfinite(logits.grad).all()


def test_inverse_frequencies_of_the_iemocap_training_pool():
    """The released code's constants are the frequencies of these counts."""
    weights = inverse_frequencies([504, 839, 1324, 933, 742, 1468])
    expected = 1 / torch.tensor([0.086747, 0.144406, 0.227883, 0.160585, 0.127711, 0.252668])
    torch.testing.assert_close(weights, expected, rtol=1e-4, atol=0)


def test_a_class_that_never_occurs_has_a_finite_weight():
    assert torch.isfinite(inverse_frequencies([3, 0])).all()
