"""Building blocks that several dialogue models share; all work on rows (see `packing`)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ercbench.data.batch import ConversationBatch
from ercbench.models.blocks.packing import Packing


class ModalityInput(nn.Module):
    """Rows of one modality; a missing one becomes a learned vector.

    Args:
        modality: Which one.
        features: Width of its features.
        width: Width D to which a linear layer brings them; None leaves them as they are.
    """

    def __init__(self, modality: str, features: int, width: int | None = None) -> None:
        super().__init__()
        self.modality = modality
        self.linear = nn.Linear(features, width) if width else nn.Identity()
        self.missing = nn.Parameter(torch.zeros(width or features))

    def forward(self, batch: ConversationBatch) -> Tensor:
        """Returns [N, D]; values of missing rows and of padding are not read."""
        present = batch.present[self.modality][batch.mask][:, None]
        values = batch.features[self.modality][batch.mask]
        projected = self.linear(torch.where(present, values, 0))
        return torch.where(present, projected, self.missing.to(projected.dtype))


class ModalityProjection(nn.ModuleDict):
    """Brings every modality to one width; a missing row becomes a learned vector.

    Args:
        widths: Modality to feature width.
        width: The common width, D; None leaves every modality its own.
    """

    def __init__(self, widths: dict[str, int], width: int | None) -> None:
        super().__init__({m: ModalityInput(m, own, width) for m, own in widths.items()})

    def forward(self, batch: ConversationBatch) -> dict[str, Tensor]:
        """Returns modality to rows [N, D]."""
        return {modality: read(batch) for modality, read in self.items()}


class RowAttention(nn.Module):
    """Multi-head attention within each conversation (Vaswani et al. 2017, section 3.2.2).

    Parameters are named and initialised as in `torch.nn.MultiheadAttention`; the weights have no
    dropout.

    Args:
        width: Of queries, keys and values; a multiple of `heads`.
        heads: Number of heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.width, self.heads = width, heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, rows: Tensor, packing: Packing, context: Tensor | None = None) -> Tensor:
        """Lets each row ask the rows of its conversation.

        Args:
            rows: [N, D], the queries.
            packing: Where the conversations lie.
            context: [N, D], the keys and values; `rows` themselves by default.

        Returns:
            [N, D].
        """
        if context is None:
            projected = F.linear(rows, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        else:
            sizes = [self.width, 2 * self.width]
            (for_query, for_context), (query_bias, context_bias) = (
                p.split(sizes) for p in (self.in_proj_weight, self.in_proj_bias)
            )
            keys_and_values = F.linear(context, for_context, context_bias).chunk(2, -1)
            projected = (F.linear(rows, for_query, query_bias), *keys_and_values)
        query, key, value = (p.unflatten(-1, (self.heads, -1)) for p in projected)
        return self.out_proj(packing.attend(query, key, value).flatten(1))


class CrossAttention(nn.Module):
    """Multi-head attention within each conversation, between rows of any widths.

    Args:
        query: Width of the queries, and of what is returned.
        heads: Number of heads.
        inner: Width of all heads together, a multiple of `heads`; by default `query`.
        key: Width of the keys; by default `query`.
        value: Width of the values; by default `query`.
    """

    def __init__(
        self,
        query: int,
        heads: int,
        inner: int | None = None,
        key: int | None = None,
        value: int | None = None,
    ) -> None:
        super().__init__()
        inner, self.heads = inner or query, heads
        self.query = nn.Linear(query, inner)
        self.key = nn.Linear(key or query, inner)
        self.value = nn.Linear(value or query, inner)
        self.out = nn.Linear(inner, query)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, packing: Packing) -> Tensor:
        """Lets each row ask the rows of its conversation.

        Args:
            query: [N, query].
            key: [N, key].
            value: [N, value].
            packing: Where the conversations lie.

        Returns:
            [N, query].
        """
        projected = self.query(query), self.key(key), self.value(value)
        heads = (rows.unflatten(-1, (self.heads, -1)) for rows in projected)
        return self.out(packing.attend(*heads).flatten(1))


class Dropout(nn.Module):
    """Dropout whose mask is cut from whole random words where torch draws element by element.

    On a CPU torch's own costs a quarter of a training step in bfloat16; this costs a fifth of
    that. The rate is rounded to a multiple of 1 / 65536.

    Args:
        rate: Probability that an element becomes 0, from 0 to below 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x`, in training with elements dropped and the others scaled up."""
        if not self.training or self.rate == 0 or x.device.type != "cpu":
            return F.dropout(x, self.rate, self.training)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[: x.numel()].view(x.shape)
        return x * (draws >= round(self.rate * 2**16) - 2**15) * (1 / (1 - self.rate))

    def extra_repr(self) -> str:
        """Shows the rate when the network is printed."""
        return f"rate={self.rate}"


class FeedForward(nn.Sequential):
    """Linear D -> times * D, ReLU, dropout, linear back to D, dropout."""

    def __init__(self, width: int, dropout: float, times: int = 2) -> None:
        super().__init__(
            nn.Linear(width, times * width),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(times * width, width),
            Dropout(dropout),
        )
