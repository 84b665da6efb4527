"""What MTCNN's networks have between products: PReLU, pooling, and columns in a row.

Maps [n, C, H, W] are laid out with all channels of a pixel side by side, in which the products
are fastest, and these loops too: torch's own take two fifths of its time.
"""

import numpy as np
import torch
from torch import Tensor, nn

from ercbench.features.media.compiled import compiled


class Bend(nn.Module):
    """PReLU, then the maxima of squares, every second pixel: both in one pass over the maps.

    Args:
        channels: How many; each has a slope.
        side: Of the squares, 2 or 3 pixels, cut off at the borders; 0 for no maxima.
    """

    def __init__(self, channels: int, side: int = 0) -> None:
        super().__init__()
        self.slopes, self.side = nn.Parameter(torch.empty(channels)), side

    def forward(self, seen: Tensor) -> Tensor:
        """Returns [n, C, h, w] of [n, C, H, W], which may be changed."""
        maps = np.ascontiguousarray(seen.permute(0, 2, 3, 1).numpy())
        count, height, width, channels = maps.shape
        slopes = np.tile(self.slopes.numpy(), width)
        if not self.side:
            _bend(maps.reshape(-1, len(slopes)), slopes)
            return torch.from_numpy(maps).permute(0, 3, 1, 2)
        size = (-(-(length - self.side) // 2) + 1 for length in (height, width))
        pooled = np.empty((count, *size, channels), np.float32)
        _bend_and_pool(maps, slopes, self.side, pooled)
        return torch.from_numpy(pooled).permute(0, 3, 1, 2)


class Columns(nn.Module):
    """Flattens [n, C, H, W] column by column, as the weights want it."""

    def forward(self, seen: Tensor) -> Tensor:
        """Returns [n, W * H * C]."""
        return seen.permute(0, 3, 2, 1).flatten(1)


@compiled
def _bend(lines: np.ndarray, slopes: np.ndarray) -> None:
    """Multiplies what is negative in lines [n, m] by slopes [m]."""
    for n in range(lines.shape[0]):
        for m in range(lines.shape[1]):
            seen = lines[n, m]
            lines[n, m] = seen if seen > 0 else seen * slopes[m]


@compiled
def _bend_and_pool(maps: np.ndarray, slopes: np.ndarray, side: int, pooled: np.ndarray) -> None:
    """Puts maxima of bent maps [n, H, W, C], with slopes [W * C], in pooled [n, h, w, C]."""
    count, height, width, channels = maps.shape
    lines = maps.reshape(count, height, width * channels)
    best = np.full((width + side, channels), -np.inf, np.float32)
    flat = best.reshape(-1)
    for n in range(count):
        for y in range(pooled.shape[1]):
            flat[: len(slopes)] = -np.inf
            for row in range(2 * y, min(2 * y + side, height)):
                for m in range(len(slopes)):
                    seen = lines[n, row, m]
                    bent = seen if seen > 0 else seen * slopes[m]
                    flat[m] = bent if bent > flat[m] else flat[m]
            for x in range(pooled.shape[2]):
                left, middle, right = best[2 * x], best[2 * x + 1], best[2 * x + side - 1]
                for c in range(channels):
                    most = left[c] if left[c] > middle[c] else middle[c]
                    pooled[n, y, x, c] = most if most > right[c] else right[c]
