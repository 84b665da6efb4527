import numpy as np
import pytest
from small import tone

from ercbench.errors import ErcbenchError
from ercbench.features.media.mel import (
    HIGHEST_SNR,
    LOWEST_SNR,
    PictureSettings,
    _noisy,
    augment,
    augment_picture,
    mel_picture,
)
from ercbench.features.media.sound import RATE

FITS = ("stretch", "pad")
SMALL = PictureSettings(bands=64, width=64)


def sound(seconds=1.0, hertz=440.0):
    return tone(seconds, RATE, hertz)[:, 0]


def two_tones():
    """Half a second low, then half a second high."""
    return np.concatenate([sound(0.5, 300), sound(0.5, 3000)])


def draw(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("seconds", [0.3, 1.0, 4.0])
def test_any_sound_fills_the_scale_of_a_picture_of_one_size(fit, seconds):
    picture = mel_picture(sound(seconds), PictureSettings(width=96, fit=fit))
    assert (picture.shape, picture.dtype) == ((128, 96), np.float32)
    assert (picture.min(), picture.max()) == (0, 1)


def test_rows_are_frequencies_low_first_and_columns_time():
    picture = mel_picture(two_tones(), PictureSettings())
    brightest = picture.argmax(0)
    assert (np.diff(brightest[[20, 100]]) > 40).all()
    assert np.ptp(brightest[15:50]) <= 1


def test_stretching_shows_the_whole_sound_and_padding_its_beginning_at_10_ms_a_pixel():
    stretched = mel_picture(two_tones(), SMALL)
    padded = mel_picture(two_tones(), PictureSettings(bands=64, width=64, fit="pad"))
    high = mel_picture(sound(1, 3000), SMALL).mean(1).argmax()
    assert abs(stretched[high].argmax() / 64 - 0.75) < 0.2
    assert (padded[high, :45] < 0.5).all()
    assert padded[high, 58] > 0.8
    short = mel_picture(sound(0.3), PictureSettings(bands=64, width=64, fit="pad"))
    assert (short[:, 31:] == 0).all()
    assert short[:, :31].max() == 1


def test_loudness_does_not_change_a_picture():
    quiet, loud = (mel_picture(factor * sound(), SMALL) for factor in (0.1, 1.0))
    np.testing.assert_allclose(quiet, loud, atol=1e-4)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, np.float32),
        np.full(RATE, 0.5, np.float32),
        np.sign(sound()),
        sound()[:1],
        sound()[:700],
        np.full(RATE, 1e-30, np.float32),
    ],
    ids=["silent", "constant", "clipped", "one_sample", "short", "faint"],
)
def test_odd_sounds_have_finite_pictures_augmented_or_not(samples, fit):
    heard = augment(samples, draw())
    assert heard.shape == samples.shape
    for each in (samples, heard):
        picture = mel_picture(each, PictureSettings(bands=64, width=64, fit=fit))
        for shown in (picture, augment_picture(picture, draw())):
            assert shown.shape == (64, 64)
            assert np.isfinite(shown).all()
            assert shown.min() >= 0
            assert shown.max() <= 1


def test_silence_is_dark():
    assert mel_picture(np.zeros(RATE, np.float32), SMALL).max() < 1e-4


def test_augmenting_keeps_length_type_and_pitch_and_follows_the_generator():
    heard = augment(sound(), draw(3))
    assert (heard.shape, heard.dtype) == ((RATE,), np.float32)
    np.testing.assert_array_equal(heard, augment(sound(), draw(3)))
    assert np.abs(heard - augment(sound(), draw(4))).max() > 1e-3
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(spectrum.argmax() - 440) <= 2


def test_warping_moves_the_moment_between_two_tones():
    def change(samples):
        return int((mel_picture(samples, SMALL).argmax(0) > 40).argmax())

    moments = [change(augment(two_tones(), draw(seed))) for seed in range(12)]
    assert len(set(moments)) > 3
    assert all(abs(moment - change(two_tones())) <= 8 for moment in moments)


def test_noise_has_the_drawn_ratio_to_the_sound():
    clean = sound(4)
    ratios = []
    for seed in range(30):
        noise = _noisy(clean, draw(seed)) - clean
        expected = draw(seed).uniform(LOWEST_SNR, HIGHEST_SNR)
        ratios.append(10 * np.log10(np.square(clean).mean() / np.square(noise).mean()))
        assert ratios[-1] == pytest.approx(expected, abs=0.1)
        assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.02
    assert max(ratios) - min(ratios) > 20


def test_a_picture_is_augmented_without_its_sound():
    picture = mel_picture(two_tones(), SMALL)
    shown = augment_picture(picture, draw(1))
    assert (shown.shape, shown.dtype) == ((64, 64), np.float32)
    np.testing.assert_array_equal(shown, augment_picture(picture, draw(1)))
    assert 0.01 < np.abs(shown - picture).mean() < 0.3


def test_wrong_settings_are_named():
    with pytest.raises(ErcbenchError, match="bands=8: expected 32 to 128"):
        PictureSettings(bands=8)
    with pytest.raises(ErcbenchError, match="width=16: expected 32 or more"):
        PictureSettings(width=16)
    with pytest.raises(ErcbenchError, match="fit=crop: expected one of stretch, pad"):
        PictureSettings(fit="crop")


@pytest.mark.shared
def test_a_ready_picture_can_be_augmented(shared_data):
    with np.load(shared_data / "iemocap" / "audio_mel64.npz") as file:
        picture = file["mel"][0] / 255
    shown = augment_picture(picture, draw())
    assert shown.shape == picture.shape == (64, 64)
    assert np.isfinite(shown).all()
