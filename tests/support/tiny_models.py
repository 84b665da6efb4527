"""Small models in the layout of real ones."""

import pytest
import torch
from tiny import save_roberta, save_wav2vec2
from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetModel


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory):
    """RoBERTa of 4 layers and 12 words that reads 32 tokens."""
    return save_roberta(tmp_path_factory.mktemp("models") / "tiny-roberta")


@pytest.fixture(scope="session")
def tiny_wav2vec2(tmp_path_factory):
    """wav2vec2 of 2 layers with the real model's convolutions, but narrow."""
    return save_wav2vec2(tmp_path_factory.mktemp("models") / "tiny-wav2vec2")


@pytest.fixture(scope="session")
def tiny_resnet(tmp_path_factory):
    """ResNet of 2 stages that sees 32 x 32 pixels."""
    folder = tmp_path_factory.mktemp("models") / "tiny-resnet"
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ResNetModel(config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": 32}).save_pretrained(folder)
    return folder
