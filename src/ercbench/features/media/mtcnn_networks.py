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
from torch.nn import functional as F

from ercbench.errors import ErcbenchError
from ercbench.features.media.mtcnn_layers import Bend, Columns

PIXELS = 1 << 17  # that go through a network together; with more, maps leave the cache


class CascadeNetwork(nn.Module):
    """One of the three networks.

    Args:
        body: All but its last layer.
        last: Makes a last layer with so many outputs.
    """

    def __init__(self, body: nn.Sequential, last: Any) -> None:
        super().__init__()
        self.body, self.offsets, self.face = body, last(4), last(2)

    def see(self, pixels: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns where a face is more probable than `least`, its offsets, and how probable.

        Args:
            pixels: [n, H, W, 3], from -1 to 1.
            least: From 0 to 1.

        Returns:
            [m, 3] numbers of pictures, rows and columns, or [m, 1] of pictures; [m, 4]; [m].
        """
        # Seen as channels first, but laid out so that all channels of a pixel are side by side.
        whole = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        block = max(1, PIXELS // whole[0, 0].numel())
        seen = [self(part, least) for part in whole.split(block)]
        for number, (at, *_) in enumerate(seen):
            at[:, 0] += number * block
        at, offsets, scores = (torch.cat(part).numpy() for part in zip(*seen, strict=True))
        return at, offsets, scores

    def forward(self, pixels: Tensor, least: float) -> tuple[Tensor, Tensor, Tensor]:
        """Does what `see` does with pixels [n, 3, H, W]."""
        seen = self.body(pixels).movedim(1, -1)
        # A softmax of two is the sigmoid of their difference. Offsets matter only at faces.
        (no, yes), (less, more) = self.face.weight.flatten(1), self.face.bias
        scores = F.linear(seen, (yes - no)[None], (more - less)[None])[..., 0].sigmoid()
        at = (scores > least).nonzero()
        faces = at.unbind(1)
        offsets = F.linear(seen[faces], self.offsets.weight.flatten(1), self.offsets.bias)
        return at, offsets, scores[faces]


def load_networks() -> list[CascadeNetwork]:
    """Returns the networks for pictures of any size, of 24 x 24 and of 48 x 48 pixels.

    Raises:
        ErcbenchError: The weights are not installed.
    """
    networks = [_first(), _second(), _third()]
    for network, name in zip(networks, ("pnet", "rnet", "onet"), strict=True):
        _load(network, name)
        network.eval().requires_grad_(False)
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
    return [nn.Conv2d(inputs, outputs, kernel), Bend(outputs, pool)]


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
