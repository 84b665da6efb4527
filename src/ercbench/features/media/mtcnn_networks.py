"""The three networks of MTCNN (Zhang et al., arXiv 1604.02878), with the authors' weights.

The package `mtcnn` carries them; its own code needs TensorFlow. Arrays are laid out as Keras has
them, in the order of the layers.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from torch import Tensor, nn

from ercbench.errors import ErcbenchError


class CascadeNetwork(nn.Module):
    """One of the three networks.

    Args:
        body: All but its last layer.
        last: Makes a last layer with so many outputs.
    """

    def __init__(self, body: nn.Sequential, last: Any) -> None:
        super().__init__()
        self.body, self.offsets, self.face = body, last(4), last(2)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns [n, 4, ...] offsets and [n, ...] probabilities of a face.

        Args:
            pixels: [n, 3, H, W] from 0 to 255.
        """
        # The order in which pooling is fast.
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        seen = self.body((pixels - 127.5) / 128)
        return self.offsets(seen), self.face(seen).softmax(1)[:, 1]


class Columns(nn.Module):
    """Flattens [n, C, H, W] column by column, as the weights want it."""

    def forward(self, seen: Tensor) -> Tensor:
        """Returns [n, W * H * C]."""
        return seen.permute(0, 3, 2, 1).flatten(1)


def load_networks(device: str = "cpu") -> list[CascadeNetwork]:
    """Returns the networks for pictures of any size, of 24 x 24 and of 48 x 48 pixels.

    Raises:
        ErcbenchError: The weights are not installed.
    """
    networks = [_first(), _second(), _third()]
    for network, name in zip(networks, ("pnet", "rnet", "onet"), strict=True):
        _load(network, name)
        network.eval().to(device)
    return networks


def _first() -> CascadeNetwork:
    body = nn.Sequential(*_layer(3, 10, 3, 2), *_layer(10, 16, 3), *_layer(16, 32, 3))
    return CascadeNetwork(body, lambda outputs: nn.Conv2d(32, outputs, 1))


def _second() -> CascadeNetwork:
    maps = [*_layer(3, 28, 3, 3), *_layer(28, 48, 3, 3), *_layer(48, 64, 2)]
    body = nn.Sequential(*maps, Columns(), nn.Linear(576, 128), nn.PReLU(128))
    return CascadeNetwork(body, lambda outputs: nn.Linear(128, outputs))


def _third() -> CascadeNetwork:
    maps = [*_layer(3, 32, 3, 3), *_layer(32, 64, 3, 3), *_layer(64, 64, 3, 2), *_layer(64, 128, 2)]
    body = nn.Sequential(*maps, Columns(), nn.Linear(1152, 256), nn.PReLU(256))
    return CascadeNetwork(body, lambda outputs: nn.Linear(256, outputs))


def _layer(inputs: int, outputs: int, kernel: int, pool: int = 0) -> list[nn.Module]:
    layer: list[nn.Module] = [nn.Conv2d(inputs, outputs, kernel), nn.PReLU(outputs)]
    return [*layer, nn.MaxPool2d(pool, 2, ceil_mode=True)] if pool else layer


def _load(network: CascadeNetwork, name: str) -> None:
    try:
        path = Path(str(distribution("mtcnn").locate_file(f"mtcnn/assets/weights/{name}.lz4")))
        arrays = joblib.load(path)
    except (PackageNotFoundError, OSError) as error:
        raise ErcbenchError(
            f"MTCNN's weights: not readable ({type(error).__name__}: {error}). They come with "
            "the package mtcnn 1.0.0; install it again: pip install -c constraints.txt -e ."
        ) from None
    if name == "onet":
        del arrays[-4:-2]  # eyes, nose and mouth
    for parameter, array in zip(network.parameters(), arrays, strict=True):
        order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(array.ndim, tuple(range(array.ndim)))
        values = torch.from_numpy(np.ascontiguousarray(array.transpose(order)))
        parameter.data = values.reshape(parameter.shape)
