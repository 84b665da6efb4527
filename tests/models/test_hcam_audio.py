"""A recording's vector belongs to it alone, and only what is to be trained is trained."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import save_roberta, save_wav2vec2

from ercbench.config.compose import encoder_settings
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.audio import AudioSettings, Wav2Vec2Encoder
from ercbench.models.hcam.audio import AudioEncoder

SHORTEST = 400  # samples of one frame
KINDS = {
    "group": {"feat_extract_norm": "group"},
    "layer": {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A wav2vec2 of each kind: base's, then large's."""
    root = tmp_path_factory.mktemp("models")
    return {
        kind: save_wav2vec2(root / kind, initializer_range=0.3, **own)
        for kind, own in KINDS.items()
    }


@pytest.fixture(scope="module", params=KINDS)
def folder(request, folders):
    return folders[request.param]


def make_encoder(folder, **options):
    torch.manual_seed(0)
    return AudioEncoder(
        encoder_settings("hcam_audio", backbone=str(folder), width=32, **options), 3
    )


def recordings(lengths, padding=0.0):
    """Noise that begins the same whatever the lengths, [B, T], and its lengths [B]."""
    noise = torch.randn(8, 6000, generator=torch.Generator().manual_seed(0))[: len(lengths)]
    lengths = torch.tensor(lengths)
    samples = noise[:, : lengths.max()]
    inside = torch.arange(samples.shape[1]) < lengths[:, None]
    return torch.where(inside, samples, padding), lengths


@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(SHORTEST, 6000), min_size=2, max_size=4))
def test_a_vector_never_depends_on_what_it_is_batched_with(folder, lengths):
    encoder = make_encoder(folder).eval()
    samples, lengths = recordings([*lengths, SHORTEST, SHORTEST + 319, SHORTEST + 320])
    with torch.inference_mode():
        together = encoder(samples, lengths)
        for row, length in enumerate(lengths):
            alone = encoder(samples[row : row + 1, :length], lengths[row : row + 1])
            torch.testing.assert_close(together[row], alone[0], rtol=1e-5, atol=1e-5)
    assert together.std(0).max() > 1e-3


def test_padding_given_to_the_model_itself_would_change_a_vector(folders):
    """The control of the test above: why each recording goes through the convolutions alone."""
    front, (samples, _) = make_encoder(folders["group"]).front, recordings([6000, 800])
    alone = front(samples, [6000, 800])[1, :, :2]
    assert (front(samples, [6000, 6000])[1, :, :2] - alone).abs().max() > 1e-2


@pytest.mark.parametrize("padding", [torch.nan, torch.inf, 1e6])
def test_what_follows_the_end_never_matters(folder, padding):
    encoder = make_encoder(folder)
    losses = []
    for filled in (0.0, padding):
        torch.manual_seed(1)
        encoder.zero_grad()
        loss = encoder.classify(encoder(*recordings([SHORTEST, 3000], filled))).square().sum()
        loss.backward()
        gradients = [p.grad for p in encoder.parameters() if p.grad is not None]
        losses.append([loss, *gradients])
    assert all(torch.equal(*pair) for pair in zip(*losses, strict=True))


@pytest.mark.parametrize("frozen", [False, True])
def test_gradient_reaches_exactly_what_is_trained(folder, frozen):
    encoder = make_encoder(folder, frozen=frozen)
    encoder.classify(encoder(*recordings([5000, 3000]))).square().sum().backward()
    reached = {name for name, p in encoder.named_parameters() if p.grad is not None}
    names = {name for name, _ in encoder.named_parameters()}
    never = ("front.", "model.") if frozen else ("front.", "model.encoder.pos_conv_embed.")
    assert reached == {name for name in names if not name.startswith(never)}
    assert any(name.startswith("front.") for name in names)


@pytest.mark.parametrize("frozen", [False, True])
def test_what_is_not_trained_stays_in_evaluation_mode(folder, frozen):
    encoder = make_encoder(folder, frozen=frozen).eval().train()
    modes = encoder.front.training, encoder.model.training, encoder.head.training
    assert modes == (False, not frozen, True)


def test_the_states_are_those_of_extraction(folders):
    """Up to the head, on the model that extraction uses as well."""
    encoder, (samples, lengths) = make_encoder(folders["group"]).eval(), recordings([5000])
    encoder.head = torch.nn.Identity()
    expected = Wav2Vec2Encoder(AudioSettings(str(folders["group"]))).encode_sound(
        samples[0].numpy()
    )
    found = encoder(samples, lengths)[0].detach()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("masked", [0.0, 0.3])
def test_training_draws_from_torch_alone(folders, masked, monkeypatch):
    monkeypatch.setattr(np.random, "rand", lambda *_: pytest.fail("drew from numpy"))
    encoder = make_encoder(folders["group"], masked_frames=masked)
    vectors = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        vectors.append(encoder(*recordings([SHORTEST, 6000])))
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])


def test_masked_frames_are_hidden_in_training_only(folders):
    plain, masked = (make_encoder(folders["group"], masked_frames=m) for m in (0.0, 0.5))
    masked.load_state_dict(plain.state_dict(), strict=False)
    batch = recordings([6000, 6000])
    assert torch.equal(plain.eval()(*batch), masked.eval()(*batch))
    present = torch.ones(200, 500, dtype=torch.bool)
    hidden = masked.train()._hidden_spans(present).float().mean()
    assert hidden == pytest.approx(1 - (1 - 0.05) ** 10, abs=0.02)  # of spans that may overlap


def test_the_state_dict_comes_back_whole(folder, tmp_path):
    saved, other = make_encoder(folder).eval(), make_encoder(folder)
    with torch.no_grad():
        for parameter in saved.parameters():
            parameter.add_(0.01)
    torch.save(saved.state_dict(), tmp_path / "weights.pt")
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    batch = recordings([5000, 900])
    assert torch.equal(saved(*batch), other.eval()(*batch))


def test_half_precision_stays_close_and_trains(folder):
    encoder, batch = make_encoder(folder).eval(), recordings([5000, SHORTEST])
    whole = encoder(*batch)
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(*batch)
        logits = encoder.classify(half)
    logits.float().square().sum().backward()
    assert half.dtype == torch.float32
    assert torch.cosine_similarity(whole, half).min() > 0.98
    assert all(p.grad.isfinite().all() for p in encoder.parameters() if p.requires_grad)


def test_a_vector_is_as_wide_as_it_is_set(folders):
    settings = encoder_settings("hcam_audio", backbone=str(folders["group"]), width=None)
    encoder = AudioEncoder(settings, 3)
    assert encoder(*recordings([5000])).shape == (1, 16)
    assert encoder.classify.in_features == 16


def test_sound_shorter_than_a_frame_is_an_error(folders):
    encoder = make_encoder(folders["group"])
    with pytest.raises(ErcbenchError, match=r"Sound of 25 ms is too short; expected .*Leave"):
        encoder(*recordings([5000, SHORTEST - 1]))


def test_a_model_of_another_kind_is_named(tmp_path):
    folder = save_roberta(tmp_path / "tiny-roberta")
    with pytest.raises(ErcbenchError, match=r"model\.model=.*kind roberta; expected wav2vec2"):
        make_encoder(folder)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("width", 0), ("most_seconds", 0.0), ("masked_frames", 1.0), ("batch_size", 0), ("beta", 2.0)],
)
def test_wrong_settings_are_named(setting, value):
    with pytest.raises(ErcbenchError, match=rf"encoder\.{setting}={value}: expected"):
        encoder_settings("hcam_audio", **{setting: value})
