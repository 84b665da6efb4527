"""Recordings under noise, as an encoder of sound hears them."""

import numpy as np
import pytest
import soundfile

from ercbench.corpora.conversation import Conversation, Utterance
from ercbench.data.noisy_recordings import NoisyRecordings
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.encoder import Item
from ercbench.features.media.sound import RATE, read_sound

SECONDS = 2


class Ears:
    """An encoder whose vector is the sound itself."""

    name, modality, width, fitted_on = "ears", "audio", SECONDS * RATE, ()

    def describe(self):
        return {"encoder": "ears", "revision": None, "settings": {}}

    def encode(self, items):
        return [read_sound(item.utterance, 60) for item in items]


@pytest.fixture
def items(tmp_path):
    """Two recordings, a loud and a quiet one, of one conversation."""
    times = np.arange(SECONDS * RATE) / RATE
    turns = []
    for name, loudness in (("loud", 0.5), ("quiet", 0.01)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, loudness * np.sin(2 * np.pi * 220 * times), RATE, subtype="FLOAT")
        turns.append(Utterance(name, "a", audio=str(path)))
    talk = Conversation("c", tuple(turns))
    return [Item(talk, 0), Item(talk, 1)]


def noise_of(items, ratio, draw=0):
    clean = np.stack(Ears().encode(items))
    return np.stack(NoisyRecordings(Ears(), ratio, draw).encode(items)) - clean, clean


@pytest.mark.parametrize("ratio", [20, 0, -5])
def test_every_recording_has_the_ratio_whatever_its_loudness(items, ratio):
    noise, clean = noise_of(items, ratio)
    ratios = 10 * np.log10(np.square(clean).mean(1) / np.square(noise).mean(1))
    np.testing.assert_allclose(ratios, ratio, atol=0.1)


def test_noise_is_the_same_at_every_ratio_and_another_in_each_draw_and_recording(items):
    strong, weak = noise_of(items, 0)[0], noise_of(items, 20)[0]
    np.testing.assert_allclose(weak * 10, strong, atol=1e-4)
    other = noise_of(items, 0, draw=1)[0]
    assert abs(np.corrcoef(strong[0], other[0])[0, 1]) < 0.05
    assert abs(np.corrcoef(strong[0], strong[1])[0, 1]) < 0.05


def test_recordings_do_not_depend_on_what_is_encoded_beside_them(items):
    noisy = NoisyRecordings(MelEncoder(), 10, 0)
    both, alone = noisy.encode(items), noisy.encode(items[1:])
    assert np.array_equal(both[1], alone[0])


def test_what_cannot_be_heard_is_told_in_the_encoders_own_words(tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    turns = (Utterance("a", "s", audio=str(broken)), Utterance("b", "s"))
    items = [Item(Conversation("c", turns), n) for n in range(2)]
    assert NoisyRecordings(MelEncoder(), 10, 0).encode(items) == MelEncoder().encode(items)


def test_a_noisy_set_has_a_name_and_an_account_of_its_own():
    one, other = (NoisyRecordings(MelEncoder(), ratio, 0) for ratio in (10, -5))
    assert (one.name, other.name) == ("mel-noise10-draw0", "mel-noise-5-draw0")
    assert one.describe() != other.describe() != MelEncoder().describe()
    assert (one.width, one.modality, one.inputs) == (128, "audio", ("audio", "video"))
