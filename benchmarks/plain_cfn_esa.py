"""CFN-ESA as one would write it down first: the baseline our formulation is measured against.

Padded batches, one recurrent call per modality, two passes through ACME, attention through
`torch.nn.MultiheadAttention`, and the tensor of utterance pairs [B, L, L, 2D] materialised. The
masks are right, so losses and gradients equal ours. It computes with the parameters of a
`CFNESANetwork`, so that both can be compared number by number.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.models.cfn_esa.network import ACMELayer, CFNESANetwork, RUMELayer
from ercbench.models.layers import ModalityInput, RowAttention


class PlainCFNESA(nn.Module):
    """The plain formulation over the parameters of `network`."""

    def __init__(self, network: CFNESANetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: ConversationBatch) -> tuple[Tensor, Tensor]:
        """Returns emotion logits [B, L, C] and shift logits [B, L, L, 2]."""
        unimodal = {}
        for modality, read in self.network.project.items():
            assert isinstance(read, ModalityInput)
            rows = read.linear(batch.features[modality])
            for layer in self.network.rume:
                assert isinstance(layer, RUMELayer)
                rows = _rume(layer, rows, batch.mask)
            unimodal[modality] = rows
        first = self._cross_modal(unimodal, batch.mask)
        second = self._cross_modal(unimodal, batch.mask)
        return self.network.classify(first), self._shifts(first, second)

    def _cross_modal(self, rows: dict[str, Tensor], mask: Tensor) -> Tensor:
        for layer in self.network.acme:
            assert isinstance(layer, ACMELayer)
            rows = _acme(layer, rows, mask)
        return self.network.fuse(torch.cat([rows[m] for m in self.network.modalities], -1))

    def _shifts(self, first: Tensor, second: Tensor) -> Tensor:
        length = first.shape[1]
        one = first[:, :, None].repeat(1, 1, length, 1)
        other = second[:, None].repeat(1, length, 1, 1)
        module = self.network.shift
        weight = torch.cat([module.first.weight, module.second.weight], 1)
        return module.classify(F.linear(torch.cat([one, other], -1), weight, module.second.bias))


def plain_loss(
    logits: Tensor,
    shift_logits: Tensor,
    batch: ConversationBatch,
    class_weights: Tensor,
    shift_weights: Tensor,
) -> Tensor:
    """Returns the sum of the two weighted negative log-likelihoods over the padded tensors."""
    labels = batch.labels
    known = labels != IGNORE
    differ = (labels[:, :, None] != labels[:, None]).long()
    differ = torch.where(known[:, :, None] & known[:, None], differ, IGNORE)
    emotion = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), class_weights)
    return emotion + F.cross_entropy(shift_logits.flatten(0, 2), differ.flatten(), shift_weights)


def _rume(layer: RUMELayer, rows: Tensor, mask: Tensor) -> Tensor:
    packed = pack_padded_sequence(rows, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    recurrent, _ = pad_packed_sequence(
        layer.rnn(packed)[0], batch_first=True, total_length=rows.shape[1]
    )
    hidden = layer.rnn_norm(rows + layer.dropout(layer.rnn_out(recurrent)))
    return layer.norm(rows + hidden + layer.feed_forward(hidden))


def _acme(layer: ACMELayer, rows: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    own = {
        m: layer.self_norm[m](x + layer.dropout(_attend(layer.self_attention[m], x, x, mask)))
        for m, x in rows.items()
    }
    primary = own[layer.primary]
    heard = [
        layer.dropout(_attend(layer.ask_others[m], primary, own[m], mask)) for m in layer.others
    ]
    assert layer.merge is not None
    crossed = {layer.primary: layer.dropout(layer.merge(torch.cat(heard, -1)).relu())}
    for m in layer.others:
        crossed[m] = layer.dropout(_attend(layer.ask_primary[m], own[m], primary, mask))
    result = {}
    for m, x in rows.items():
        mixed = layer.cross_norm[m](x + own[m] + crossed[m])
        result[m] = layer.norm[m](x + mixed + layer.feed_forward[m](mixed))
    return result


def _attend(attention: nn.Module, query: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    assert isinstance(attention, RowAttention)
    query, context = query.transpose(0, 1), context.transpose(0, 1)
    out, _ = F.multi_head_attention_forward(
        query,
        context,
        context,
        embed_dim_to_check=attention.width,
        num_heads=attention.heads,
        in_proj_weight=attention.in_proj_weight,
        in_proj_bias=attention.in_proj_bias,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=attention.out_proj.weight,
        out_proj_bias=attention.out_proj.bias,
        key_padding_mask=~mask,
        need_weights=True,
    )
    return out.transpose(0, 1)
