"""What several plain formulations share; everything is padded, [B, L, D]."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def recur(recurrence: nn.GRU | nn.LSTM, rows: Tensor, mask: Tensor) -> Tensor:
    """Runs a bidirectional recurrence over each conversation; returns [B, L, 2H]."""
    packed = pack_padded_sequence(rows, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    padded, _ = pad_packed_sequence(recurrence(packed)[0], True, total_length=rows.shape[1])
    return padded


def attend(attention: Any, query: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    """Applies a `RowAttention` as `torch.nn.MultiheadAttention` does; returns [B, L, D]."""
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


def attend_across(
    attention: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor
) -> Tensor:
    """Applies a `CrossAttention`, whose widths torch's own does not allow; returns [B, L, D]."""
    projected = attention.query(query), attention.key(key), attention.value(value)
    q, k, v = (x.unflatten(-1, (attention.heads, -1)).transpose(1, 2) for x in projected)
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask[:, None, None], -torch.inf).softmax(-1)
    return attention.out((weights @ v).transpose(1, 2).flatten(2))


def cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Weighted cross-entropy of [..., C] logits; padding is unlabelled."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), weight)
