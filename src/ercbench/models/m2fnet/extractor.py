"""The feature extractor of M2FNet (paper, section 3.3 and figure 4): pictures to unit vectors.

B is the number of pictures in the batch, H and W their height and width.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format
from transformers import AutoConfig, ResNetConfig, ResNetModel

from ercbench.errors import ErcbenchError
from ercbench.features.encoders.pretrained import load, locate

WIDTH = 300
"""Length of the paper's vectors."""

RESNET_18: dict[str, Any] = {
    "embedding_size": 64,
    "hidden_sizes": [64, 128, 256, 512],
    "depths": [2, 2, 2, 2],
    "layer_type": "basic",
}


class Extractor(nn.Module):
    """ResNet-18 (He et al., arXiv 1512.03385), mean over the picture, one linear layer.

    That the vectors have unit length is a reconstruction: FaceNet's have, the paper does not say.

    Args:
        width: Length of the vectors, D.
        weights: A ResNet of `pretrained.py`, or the folder of one; None for random weights.

    Raises:
        ErcbenchError: There is no such model, or it is no ResNet.
    """

    def __init__(self, width: int = WIDTH, weights: str | None = None) -> None:
        super().__init__()
        resnet: Any = ResNetModel(ResNetConfig(**RESNET_18)) if weights is None else _read(weights)
        self.resnet = resnet
        self.project = nn.Linear(resnet.config.hidden_sizes[-1], width)
        _lay_out(resnet)

    def forward(self, pictures: Tensor) -> Tensor:
        """Returns [B, D] float32 of unit length.

        Args:
            pictures: [B, 3, H, W], from 0 to 1, at least 32 high and wide.
        """
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        pooled = self.resnet(pictures).pooler_output.flatten(1)
        return F.normalize(self.project(pooled).float(), dim=-1)


def _lay_out(resnet: Any) -> None:
    """Keeps channels last, but for the last stage.

    Its pictures are a few pixels large and its weights most of all, so that converting them at
    every step takes longer than the convolutions gain.
    """
    convert_conv2d_weight_memory_format(resnet, torch.channels_last)
    last = resnet.encoder.stages[-1]
    last.to(memory_format=torch.contiguous_format)
    last.register_forward_pre_hook(_contiguous)


def _contiguous(stage: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].contiguous(),)


def three_channels(pictures: Tensor) -> Tensor:
    """Returns grey pictures as [B, 3, H, W] float32 from 0 to 1, every channel the same.

    The paper's mel pictures are "in RGB"; how they got their colours is not said.

    Args:
        pictures: [B, H, W], uint8 or already from 0 to 1.
    """
    grey = pictures / 255 if pictures.dtype == torch.uint8 else pictures.float()
    return grey[:, None].expand(-1, 3, -1, -1)


def _read(weights: str) -> ResNetModel:
    located = locate(weights)
    kind = load(AutoConfig, located).model_type
    if kind != "resnet":
        raise ErcbenchError(
            f"weights={weights}: a model of the kind {kind}, expected a ResNet. Give resnet-18, "
            "the folder of a ResNet, or null for random weights."
        )
    return load(ResNetModel, located, dtype=torch.float32)
