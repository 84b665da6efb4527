from itertools import accumulate

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.data.batch import IGNORE, collate
from ercbench.data.sampler import ConversationBatchSampler, StretchBatchSampler
from ercbench.testing.dialogues import make_batch, make_items

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def test_collating_pads_with_nothing_that_could_be_taken_for_real():
    batch = make_batch([3, 1])
    assert batch.mask.tolist() == [[True] * 3, [True, False, False]]
    assert batch.labels[1, 1:].tolist() == [IGNORE, IGNORE]
    assert not batch.present["text"][1, 1:].any()
    assert batch.conversation_ids == ("c0", "c1")


@given(lengths=LENGTHS, most=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_pieces_hold_every_conversation_once_and_unchanged(lengths, most):
    items = make_items(lengths)
    found = collate(items).micro_batches(most)
    by_id = {id: (own, i) for own in found for i, id in enumerate(own.conversation_ids)}
    assert sorted(by_id) == sorted(item.id for item in items)
    for item in items:
        micro_batch, index = by_id[item.id]
        length = len(item.labels)
        assert int(micro_batch.mask[index].sum()) == length
        assert torch.equal(micro_batch.features["text"][index, :length], item.features["text"])
        assert torch.equal(micro_batch.labels[index, :length], item.labels)
    for micro_batch in found:
        assert int(micro_batch.mask.sum()) <= most or len(micro_batch.conversation_ids) == 1


def test_a_batch_that_is_not_cut_stays_itself():
    batch = make_batch([2, 3])
    assert batch.micro_batches(None) == [batch]


def batches(lengths, epoch=0, **options):
    options = {"batch_size": 4, "seed": 1, "epoch": lambda: epoch} | options
    sampler = ConversationBatchSampler(lengths, **options)
    made = list(sampler)
    assert len(made) == len(sampler)
    return made


@given(lengths=st.lists(st.integers(1, 50), min_size=1, max_size=30), window=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_an_epoch_holds_every_conversation_once(lengths, window):
    assert sorted(i for b in batches(lengths, window=window) for i in b) == list(
        range(len(lengths))
    )


def test_the_order_is_reproducible_and_changes_with_epoch_and_seed():
    lengths = list(range(1, 21))
    assert batches(lengths) == batches(lengths)
    assert batches(lengths) != batches(lengths, epoch=1)
    assert batches(lengths) != batches(lengths, seed=2)


def test_a_window_saves_padding():
    lengths = [(7 * i) % 40 + 1 for i in range(40)]

    def padding(window):
        made = batches(lengths, window=window)
        return sum(max(lengths[i] for i in b) * len(b) - sum(lengths[i] for i in b) for b in made)

    assert padding(5) < padding(1) / 2


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=30), batch_size=st.integers(1, 20))
def test_utterances_read_as_one_sequence_share_a_batch(sizes, batch_size):
    ends = list(accumulate(sizes))
    stretches = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    sequences = ConversationBatchSampler(sizes, batch_size, 0, lambda: 3, window=4)
    sampler = StretchBatchSampler(stretches, sequences)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    assert sorted(place for batch in batches for place in batch) == list(range(sum(sizes)))
    for stretch in stretches:
        assert [set(stretch) <= set(batch) for batch in batches].count(True) == 1
    assert batches == list(sampler)
