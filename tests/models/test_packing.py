import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence

from ercbench.models.blocks.attention import Dropout, RowAttention
from ercbench.models.blocks.packing import Packing

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=7)


def rows_of(lengths, width=6, seed=0):
    return torch.randn(sum(lengths), width, generator=torch.Generator().manual_seed(seed))


def mask_of(lengths):
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


@given(lengths=LENGTHS)
@settings(max_examples=40, deadline=None)
def test_padding_undoes_flattening(lengths):
    rows, mask = rows_of(lengths), mask_of(lengths)
    packing = Packing.of(mask)
    assert packing.lengths == lengths
    padded = packing.pad(rows)
    assert torch.equal(padded[mask], rows)
    assert (padded[~mask] == 0).all()


@given(lengths=LENGTHS)
@settings(max_examples=40, deadline=None)
def test_packing_is_torchs_packing(lengths):
    rows, packing = rows_of(lengths), Packing(lengths)
    packed = packing.pack(rows)
    expected = pack_padded_sequence(
        packing.pad(rows), torch.tensor(lengths), batch_first=True, enforce_sorted=False
    )
    assert torch.equal(packed.batch_sizes, expected.batch_sizes)
    assert torch.equal(packed.data.sort(0).values, expected.data.sort(0).values)
    assert torch.equal(packing.unpack(packed.data), rows)


@given(lengths=LENGTHS, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_attention_is_torchs_attention_with_a_padding_mask(lengths, seed):
    torch.manual_seed(seed)
    ours, theirs = RowAttention(6, 2), torch.nn.MultiheadAttention(6, 2, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    query, context = rows_of(lengths, seed=seed), rows_of(lengths, seed=seed + 1)
    packing, mask = Packing(lengths), mask_of(lengths)
    for other in (None, context):
        keys = packing.pad(query if other is None else other)
        expected, _ = theirs(packing.pad(query), keys, keys, key_padding_mask=~mask)
        torch.testing.assert_close(
            ours(query, packing, other), expected[mask], atol=1e-5, rtol=1e-4
        )


def test_repeated_rows_do_not_meet():
    packing = Packing([2, 3])
    x = torch.randn(5, 1, 4)
    once = packing.attend(x, x, x)
    twice = torch.cat([x, x + 1])
    doubled = packing.repeated(2).attend(twice, twice, twice)
    torch.testing.assert_close(doubled[:5], once)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.4, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    torch.manual_seed(0)
    dropout = Dropout(rate)
    out = dropout(torch.ones(1001, 1003))
    assert (out == 0).float().mean().item() == pytest.approx(rate, abs=3e-3)
    assert out.mean().item() == pytest.approx(1, abs=0.01)
    assert out[0].unique().numel() <= 2


def test_dropout_is_reproducible_differs_between_calls_and_rests_in_evaluation():
    dropout, x = Dropout(0.5), torch.ones(100)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)
    assert torch.equal(dropout.eval()(x), x)


def test_dropout_passes_gradients_where_it_kept_values():
    x = torch.ones(200, requires_grad=True)
    out = Dropout(0.25)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())
