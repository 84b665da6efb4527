"""Parts of long recordings are those of the clips that could be cut out of them."""

import numpy as np
import pytest
import soundfile
from small import tone, write_clip, write_frames, write_wav

from ercbench.corpora.conversation import Utterance
from ercbench.corpora.excerpt import Excerpt
from ercbench.features.media import recordings
from ercbench.features.media.clips import UnreadableError, clip_frames, clip_sound
from ercbench.features.media.sound import read_sound


@pytest.fixture(autouse=True)
def forgotten():
    yield
    recordings.forget_recordings()


def sound(path, start, end, most=30.0):
    return read_sound(Utterance("u", "x", audio=str(Excerpt(path, start, end))), most)


def frames(path, start, end, count=4, **options):
    return clip_frames(str(Excerpt(path, start, end)), count, 30.0, **options)


def levels(found):
    return [float(frame.mean()) for frame in found]


@pytest.fixture
def ramp(tmp_path):
    """Ten frames a second, each as bright as its number times 5."""
    images = [np.full((16, 16, 3), 5 * number, np.uint8) for number in range(40)]
    return write_frames(tmp_path / "ramp.mkv", [n / 10 for n in range(40)], images)


def test_a_part_of_a_wav_is_its_samples(tmp_path):
    rng = np.random.default_rng(0)
    samples = rng.uniform(-0.5, 0.5, (48000, 2)).astype(np.float32)
    path = tmp_path / "talk.wav"
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    mono = samples.mean(axis=1)
    for start, end in ((0.0, 1.0), (0.5, 0.75), (1.25, 2.5), (0.1, 3.0)):
        expected = mono[round(start * 16000) : round(end * 16000)]
        np.testing.assert_allclose(sound(path, start, end), expected, atol=1e-6)
    assert len(sound(path, 0.0, 3.0, most=0.5)) == 8000


def test_a_part_of_a_clip_is_where_the_whole_has_it(tmp_path):
    path = write_clip(tmp_path / "talk.mp4", seconds=3.0, rate=16000)
    whole, rate = clip_sound(path, 30.0)
    own = read_sound(Utterance("u", "x", video=str(Excerpt(path, 1.0, 2.0))), 30.0)
    assert rate == 16000
    assert len(own) == 16000
    np.testing.assert_allclose(own, whole[16000:32000], atol=1e-6)


def test_parts_in_their_order_are_decoded_once(tmp_path, monkeypatch):
    path = write_wav(tmp_path / "talk.wav", tone(40.0, 8000), 8000)
    begun = []
    decode = recordings.sound_blocks
    monkeypatch.setattr(recordings, "sound_blocks", lambda p: begun.append(p) or decode(p))
    for start in (0.0, 0.5, 0.5, 11.0, 30.0):
        sound(path, start, start + 2.0)
    assert len(begun) == 1
    sound(path, 0.2, 0.4)  # behind what is kept
    assert len(begun) == 2


def test_frames_of_parts_are_those_that_are_shown_then_and_are_decoded_once(ramp, monkeypatch):
    begun = []
    decode = recordings.decoded_frames
    monkeypatch.setattr(recordings, "decoded_frames", lambda *a: begun.append(a) or decode(*a))
    assert levels(frames(ramp, 0.0, 0.4)) == pytest.approx([0, 5, 10, 15], abs=1)
    assert levels(frames(ramp, 1.0, 1.4)) == pytest.approx([50, 55, 60, 65], abs=1)
    assert levels(frames(ramp, 2.0, 3.0, 2)) == pytest.approx([110, 135], abs=6)
    assert len(begun) == 1
    assert levels(frames(ramp, 2.5, 2.9)) == pytest.approx([125, 130, 135, 140], abs=1)
    assert levels(frames(ramp, 0.0, 0.2, 2)) == pytest.approx([0, 5], abs=1)
    assert len(begun) == 3


def test_a_part_shorter_than_a_frame_shows_the_frame_it_falls_on(ramp):
    assert levels(frames(ramp, 1.52, 1.53)) == pytest.approx([75], abs=1)
    middle = levels(frames(ramp, 1.0, 2.0, 2, spread="successive"))
    assert middle == pytest.approx([70, 75], abs=1)


def test_what_has_no_sound_or_picture_there_says_so(tmp_path, ramp):
    with pytest.raises(UnreadableError, match="clip has no sound"):
        sound(ramp, 0.0, 1.0)
    with pytest.raises(UnreadableError, match="no picture there"):
        frames(ramp, 7.0, 8.0)
    talk = write_wav(tmp_path / "talk.wav", tone(1.0, 8000), 8000)
    with pytest.raises(UnreadableError, match="no sound there"):
        sound(talk, 2.0, 3.0)
    text = tmp_path / "text.mp4"
    text.write_text("x")
    with pytest.raises(UnreadableError, match="not a readable clip"):
        frames(text, 0.0, 1.0)
    with pytest.raises(UnreadableError, match=r"no file gone\.mp4"):
        sound(tmp_path / "gone.mp4", 0.0, 1.0)
    silent = write_wav(tmp_path / "silent.wav", np.zeros((8000, 1)), 8000)
    with pytest.raises(UnreadableError, match="silent there"):
        sound(silent, 0.0, 1.0)
