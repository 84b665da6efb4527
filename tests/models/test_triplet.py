import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ercbench.data.batch import IGNORE
from ercbench.errors import ErcbenchError
from ercbench.models.m2fnet.mining import MININGS, distances_between, mine
from ercbench.models.m2fnet.triplet import (
    FORMS,
    MARGINS,
    covariance_loss,
    extractor_loss,
    triplet_loss,
    variance_loss,
)

LABELS = st.lists(st.sampled_from([0, 1, 2, IGNORE]), max_size=10)


def unit_rows(count, width=5, seed=0):
    rows = torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
    return F.normalize(rows, dim=-1)


def every_triplet(labels):
    """(anchor, positive) to their negatives, by three loops."""
    count, found = len(labels), {}
    for a in range(count):
        for p in range(count):
            negatives = [n for n in range(count) if labels[n] not in (labels[a], IGNORE)]
            if a != p and labels[a] == labels[p] != IGNORE and negatives:
                found[a, p] = negatives
    return found


def semi_hard_by_hand(d, labels):
    chosen = []
    for (a, p), negatives in every_triplet(labels).items():
        farther = [n for n in negatives if d[a, n] > d[a, p]]
        chosen.append(
            (a, p, min(farther, key=lambda n: d[a, n]))
            if farther
            else (a, p, max(negatives, key=lambda n: d[a, n]))
        )
    return chosen


def hard_by_hand(d, labels):
    triplets = every_triplet(labels)
    return [
        (
            a,
            max((p for b, p in triplets if b == a), key=lambda p: d[a, p]),
            min(next(n for (b, _), n in triplets.items() if b == a), key=lambda n: d[a, n]),
        )
        for a in sorted({a for a, _ in triplets})
    ]


@given(labels=LABELS, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_mining_is_the_loop_over_all_triplets(labels, seed):
    d = distances_between(unit_rows(len(labels), seed=seed))
    for how, by_hand in (("semi_hard", semi_hard_by_hand), ("hard", hard_by_hand)):
        found = mine(d, torch.tensor(labels), how)
        assert found.shape[1:] == (3,)
        assert [tuple(t) for t in found.tolist()] == by_hand(d, labels)


@given(labels=LABELS, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_random_mining_gives_each_pair_any_negative(labels, seed):
    d, possible = distances_between(unit_rows(len(labels))), every_triplet(labels)
    draw = torch.Generator().manual_seed(seed)
    found = mine(d, torch.tensor(labels), "random", draw).tolist()
    assert [(a, p) for a, p, _ in found] == list(possible)
    assert all(n in possible[a, p] for a, p, n in found)
    again = mine(d, torch.tensor(labels), "random", torch.Generator().manual_seed(seed))
    assert found == again.tolist()


def test_random_mining_finds_every_negative_in_time():
    labels, draw = torch.tensor([0, 0, 1, 1, 2]), torch.Generator().manual_seed(0)
    d = distances_between(unit_rows(5))
    drawn = {tuple(t) for _ in range(40) for t in mine(d, labels, "random", draw).tolist()}
    assert drawn == {(*pair, n) for pair, ns in every_triplet(labels).items() for n in ns}


@pytest.mark.parametrize("how", ["semi_hard", "hard"])
def test_the_order_of_a_batch_does_not_matter(how):
    rows, labels = unit_rows(9), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 1])
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    expected = mine(distances_between(rows), labels, how)
    found = order[mine(distances_between(rows[order]), labels[order], how)]
    assert sorted(found.tolist()) == sorted(expected.tolist())


def test_rotating_all_rows_changes_no_loss():
    rows, labels = unit_rows(9), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 1])
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(1)))[0]
    found, expected = (extractor_loss(r, labels) for r in (rows @ rotation, rows))
    torch.testing.assert_close(found.triplet, expected.triplet)


def test_distances_are_half_the_euclidean_and_go_from_0_to_1():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 0.0]])
    root = 0.5**0.5
    expected = torch.tensor(
        [[0, root, 1, 0], [root, 0, root, root], [1, root, 0, 1], [0, root, 1, 0]]
    )
    torch.testing.assert_close(distances_between(rows), expected)


def triplet_by_hand(d, triplets, margin):
    losses = []
    for a, p, n in triplets.tolist():
        if margin == "fixed":
            losses.append((d[a, p] - d[a, n] + 0.3).clamp(min=0))
            continue
        m = 2 + 2 / (4 * d[a, p]).exp() + 2 / (-4 * d[a, n] + 4).exp()
        losses.append(d[a, p] - (d[a, n] + d[p, n]) / 2 + m)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("how", MININGS)
def test_the_triplet_loss_is_the_loop(margin, how):
    labels, draw = torch.tensor([0, 1, 2, 0, 1, 2, 0]), torch.Generator().manual_seed(0)
    d = distances_between(unit_rows(7))
    triplets = mine(d, labels, how, draw)
    found = triplet_loss(d, triplets, margin, fixed_margin=0.3)
    torch.testing.assert_close(found, triplet_by_hand(d, triplets, margin))


def gradients(margin, ap, an):
    """Of a triplet with these distances, towards them."""
    d = torch.tensor([[0, ap, an], [ap, 0, 0.5], [an, 0.5, 0]], requires_grad=True)
    triplet_loss(d, torch.tensor([[0, 1, 2]]), margin).backward()
    return d.grad[0, 1].item(), d.grad[0, 2].item()


def test_the_printed_margin_pushes_positives_apart_and_pulls_negatives_in():
    """The signs turn at the distances 0.520 and 0.307."""
    assert gradients("detached", 0.1, 0.9) == (1, -0.5)
    assert gradients("fixed", 0.9, 0.1) == (1, -1)
    for ap, towards_positive in ((0.51, -1), (0.53, 1)):
        assert gradients("as_printed", ap, 0.1)[0] * towards_positive > 0
    for an, towards_negative in ((0.30, -1), (0.32, 1)):
        assert gradients("as_printed", 0.9, an)[1] * towards_negative > 0


def test_the_value_rises_as_classes_part():
    """The adaptive margin grows with success, so that its loss must not choose an epoch."""
    triplets = torch.tensor([[0, 1, 2]])
    mixed = torch.tensor([[0, 0.7, 0.7], [0.7, 0, 0.7], [0.7, 0.7, 0]])
    parted = torch.tensor([[0, 0.1, 0.8], [0.1, 0, 0.8], [0.8, 0.8, 0]])
    assert triplet_loss(parted, triplets) > triplet_loss(mixed, triplets)
    assert triplet_loss(parted, triplets, "fixed") < triplet_loss(mixed, triplets, "fixed")


def nearest_is_of_its_class(margin, whole, steps=120):
    """Trains 4 classes of 32 free unit vectors; returns the share whose nearest is a sibling."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(4).repeat_interleave(32)
    free = torch.randn(128, 16, generator=draw).requires_grad_()
    optimiser = torch.optim.Adam([free], lr=0.05)
    for _ in range(steps):
        rows = F.normalize(free, dim=-1)
        if whole:
            loss = extractor_loss(rows, labels, "random", margin, generator=draw).total
        else:
            d = distances_between(rows)
            loss = triplet_loss(d, mine(d, labels, "random", draw), margin)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    d = distances_between(F.normalize(free.detach(), dim=-1)).fill_diagonal_(torch.inf)
    return (labels[d.argmin(1)] == labels).float().mean().item()


@pytest.mark.parametrize("whole", [False, True], ids=["triplet_loss", "whole_loss"])
def test_the_printed_margin_keeps_classes_apart_from_themselves(whole):
    """On embeddings free to go anywhere: as printed, hardly a nearest neighbour is a sibling."""
    assert nearest_is_of_its_class("as_printed", whole) < 0.05
    assert nearest_is_of_its_class("detached", whole) > 0.95
    assert nearest_is_of_its_class("fixed", whole) > 0.95


@pytest.mark.parametrize("form", FORMS)
def test_variance_and_covariance_are_the_loops(form):
    rows = 2 * torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    centred = rows - rows.mean(0)
    missing, pairs = [], []
    for i in range(3):
        spread = 1 - ((centred[:, i] ** 2).sum() / 5 + 1e-4) ** 0.5
        missing.append(spread.clamp(min=0) if form == "vicreg" else spread)
        shared = [(centred[:, i] * centred[:, j]).sum() / 5 for j in range(3) if i != j]
        pairs += [c**2 if form == "vicreg" else c for c in shared]
    torch.testing.assert_close(variance_loss(rows.T.cov(), form), sum(missing) / 3)
    torch.testing.assert_close(covariance_loss(rows.T.cov(), form), sum(pairs) / 3)


def test_as_printed_both_are_unbounded_below():
    rows = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [2.0, -2.0]])
    for loss in (variance_loss, covariance_loss):
        small, large = (factor * rows.T.cov() for factor in (100, 10_000))
        assert loss(large, "as_printed") < loss(small, "as_printed") < 0
        assert loss(large, "vicreg") >= 0


def test_the_whole_loss_weighs_20_5_1_over_anchors_positives_and_negatives():
    rows, labels = unit_rows(8), torch.tensor([0, 0, 1, 1, 2, 2, 2, IGNORE])
    found = extractor_loss(rows, labels)
    triplets = mine(distances_between(rows), labels, "semi_hard")
    roles = [rows[triplets[:, i]].T.cov() for i in range(3)]
    torch.testing.assert_close(found.covariance, sum(covariance_loss(r) for r in roles))
    torch.testing.assert_close(found.variance, sum(variance_loss(r) for r in roles))
    expected = 20 * found.triplet + 5 * found.covariance + found.variance
    torch.testing.assert_close(found.total, expected)
    assert found.triplets == len(triplets) == 10


@pytest.mark.parametrize("how", MININGS)
@pytest.mark.parametrize(
    "labels", [[], [0], [0, 0, 0], [0, 1, 2], [IGNORE, IGNORE, 1], [0, 0, IGNORE]]
)
def test_a_batch_without_a_triplet_costs_nothing_and_says_so(labels, how):
    rows = unit_rows(len(labels)).requires_grad_()
    found = extractor_loss(rows, torch.tensor(labels, dtype=torch.long), how)
    found.total.backward()
    assert (found.triplets, found.total.item()) == (0, 0)
    assert (rows.grad == 0).all()


def test_the_only_one_of_its_class_is_a_negative_and_never_an_anchor():
    labels = torch.tensor([0, 0, 1])
    for how in MININGS:
        found = mine(distances_between(unit_rows(3)), labels, how)
        assert found.tolist() == [[0, 1, 2], [1, 0, 2]]


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", MININGS)
def test_equal_rows_have_a_finite_loss_and_gradient(margin, form, how):
    for rows in (torch.ones(6, 4) / 2, torch.zeros(6, 4)):
        rows.requires_grad_()
        loss = extractor_loss(rows, torch.tensor([0, 0, 1, 1, 2, 2]), how, margin, form)
        loss.total.backward()
        assert torch.isfinite(loss.total)
        assert torch.isfinite(rows.grad).all()


def test_the_loss_is_computed_in_float32_under_autocast():
    rows, labels = unit_rows(12, 16), torch.arange(12) % 3
    with torch.autocast("cpu", torch.bfloat16):
        half = extractor_loss(rows, labels)
    assert torch.equal(half.total, extractor_loss(rows, labels).total)
    assert half.total.dtype == torch.float32


def test_an_unknown_choice_is_named():
    rows, labels = unit_rows(4), torch.tensor([0, 0, 1, 1])
    for choice in ("mining", "margin", "form"):
        with pytest.raises(ErcbenchError, match=rf"{choice}=odd: expected one of"):
            extractor_loss(rows, labels, **{choice: "odd"})
