import pytest
import torch
from transformers import ResNetConfig, ResNetModel, RobertaConfig, RobertaModel

from ercbench.errors import ErcbenchError
from ercbench.models.m2fnet.extractor import Extractor, three_channels
from ercbench.models.m2fnet.triplet import extractor_loss


@pytest.fixture(scope="module")
def extractor():
    torch.manual_seed(0)
    return Extractor().eval()


def pictures(count, height=64, width=64):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def resnet_folder(tmp_path):
    folder = tmp_path / "small-resnet"
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ResNetModel(config).save_pretrained(folder)
    return folder


def test_it_is_resnet_18_and_one_linear_layer_to_300(extractor):
    """11.18 million parameters are ResNet-18's without its classifier."""
    assert sum(p.numel() for p in extractor.resnet.parameters()) == 11_176_512
    assert extractor.project.weight.shape == (300, 512)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 64), (128, 96)])
@pytest.mark.parametrize("half", [False, True])
def test_vectors_have_unit_length_whatever_the_size_and_precision(extractor, size, half):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        vectors = extractor(pictures(2, *size))
    assert (vectors.shape, vectors.dtype) == ((2, 300), torch.float32)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2))


@torch.no_grad()
def test_bfloat16_points_in_nearly_the_same_direction(extractor):
    exact = extractor(pictures(3))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = extractor(pictures(3))
    assert (exact * rounded).sum(-1).min() > 0.999


@torch.no_grad()
def test_a_vector_does_not_depend_on_its_batch_or_the_memory_format(extractor):
    several = pictures(3)
    together = extractor(several)
    for i in range(3):
        torch.testing.assert_close(extractor(several[i : i + 1])[0], together[i])
    channels_last = several.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(extractor(channels_last), together)


def test_it_computes_channels_last(extractor):
    assert extractor.resnet.embedder.embedder.convolution.weight.is_contiguous(
        memory_format=torch.channels_last
    )


@torch.no_grad()
def test_empty_and_full_pictures_have_finite_vectors(extractor):
    for value in (0.0, 1.0):
        assert torch.isfinite(extractor(torch.full((2, 3, 64, 64), value))).all()


def test_a_step_down_the_gradient_lowers_the_loss():
    torch.manual_seed(0)
    extractor, labels = Extractor(width=16), torch.tensor([0, 0, 1, 1, 2, 2])
    optimiser = torch.optim.SGD(extractor.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        loss = extractor_loss(extractor(pictures(6, 32, 32)), labels, "hard", "fixed").triplet
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert all(torch.isfinite(p.grad).all() for p in extractor.parameters())
    assert losses[2] < losses[0]


def test_weights_come_from_a_folder(resnet_folder):
    extractor = Extractor(weights=str(resnet_folder))
    saved = ResNetModel.from_pretrained(resnet_folder)
    for name, value in saved.state_dict().items():
        assert torch.equal(extractor.resnet.state_dict()[name], value)
    assert extractor(pictures(2)).shape == (2, 300)


def test_weights_that_are_no_resnets_are_named(tmp_path):
    folder = tmp_path / "words"
    config = RobertaConfig(
        vocab_size=9,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
    )
    RobertaModel(config).save_pretrained(folder)
    with pytest.raises(ErcbenchError, match="words: a model of the kind roberta, expected a Res"):
        Extractor(weights=str(folder))
    with pytest.raises(ErcbenchError, match="no such folder"):
        Extractor(weights=str(tmp_path / "nowhere"))


def test_grey_pictures_get_three_equal_channels_from_0_to_1():
    grey = torch.tensor([[[0, 51], [255, 102]]], dtype=torch.uint8)
    expected = torch.tensor([[0, 0.2], [1, 0.4]]).expand(1, 3, 2, 2)
    torch.testing.assert_close(three_channels(grey), expected)
    torch.testing.assert_close(three_channels(expected[:, 0]), expected)
