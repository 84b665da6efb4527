import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import recur


@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6), layers=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_it_is_torchs_gru(lengths, layers):
    torch.manual_seed(0)
    gru, packing = torch.nn.GRU(5, 4, layers, bidirectional=True).double(), Packing(lengths)
    rows = torch.randn(sum(lengths), 5, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(sum(lengths), 8, dtype=torch.float64)
    wanted = [rows, *gru.parameters()]

    def run(out):
        return [out, *torch.autograd.grad((out * direction).sum(), wanted)]

    expected = run(packing.unpack(gru(packing.pack(rows))[0].data))
    for own, theirs in zip(run(recur(gru, rows, packing)), expected, strict=True):
        torch.testing.assert_close(own, theirs)


def test_it_drops_out_between_layers_only_and_only_in_training():
    torch.manual_seed(0)
    packing, rows = Packing([3, 2]), torch.randn(5, 4)
    for layers, trained, drops in ((1, True, False), (2, False, False), (2, True, True)):
        gru = torch.nn.GRU(4, 3, layers, bidirectional=True)
        gru.dropout = 0.5
        gru.train(trained)
        again = torch.equal(recur(gru, rows, packing), recur(gru, rows, packing))
        assert again is not drops
