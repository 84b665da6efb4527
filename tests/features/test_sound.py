"""16 kHz means 16 kHz, and a file that cannot be used says why."""

import av
import numpy as np
import pytest
import soundfile
from small import heard, items, tone, write_clip, write_wav

from ercbench.corpora.conversation import Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.acoustics import PROSODY, MelEncoder, ProsodyEncoder
from ercbench.features.encoders.audio import AudioSettings, Wav2Vec2Encoder
from ercbench.features.media.clips import UnreadableError
from ercbench.features.media.sound import RATE, read_sound


def read(path, seconds=30.0):
    return read_sound(Utterance("u", "x", audio=str(path)), seconds)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_a_tone_sounds_the_same_at_every_rate(tmp_path, rate):
    reference = write_wav(tmp_path / "reference.wav", tone(1, RATE), RATE)
    other = write_wav(tmp_path / "other.wav", tone(1, rate), rate)
    assert len(read(other)) == RATE
    mel = MelEncoder(bands=40).encode(heard(reference, other))
    np.testing.assert_allclose(mel[0], mel[1], atol=1.0)  # dB
    assert np.argmax(mel[1][:40]) == np.argmax(mel[0][:40])
    prosody = ProsodyEncoder().encode(heard(other))[0]
    pitch = prosody[PROSODY.index("pitch_mean")]
    assert pitch == pytest.approx(12 * np.log2(440 / 55), abs=0.2)  # semitones


def test_a_wrong_rate_would_be_noticed(tmp_path):
    """The control of the test above: 22.05 kHz passed off as 16 kHz is another sound."""
    right = write_wav(tmp_path / "right.wav", tone(1, 22050), 22050)
    wrong = write_wav(tmp_path / "wrong.wav", tone(1, 22050), RATE)
    mel = MelEncoder(bands=40).encode(heard(right, wrong))
    assert np.abs(mel[0] - mel[1]).max() > 5


def test_channels_are_averaged(tmp_path):
    stereo = tone(0.5, RATE, channels=2) * [1.0, 0.0]
    path = write_wav(tmp_path / "stereo.wav", stereo, RATE)
    np.testing.assert_allclose(read(path), 0.5 * tone(0.5, RATE)[:, 0], atol=1e-4)


def test_only_the_first_seconds_are_read(tmp_path):
    wav = write_wav(tmp_path / "long.wav", tone(3, 8000), 8000)
    assert len(read(wav, seconds=1.0)) == RATE
    clip = write_clip(tmp_path / "long.mp4", seconds=300, picture=None)
    assert len(read_sound(Utterance("u", "x", video=str(clip)), 2.0)) == 2 * RATE


def test_a_clip_gives_the_sound_of_its_track(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    wav = write_wav(tmp_path / "tone.wav", tone(1, 8000), 8000)
    vectors = MelEncoder(bands=20).encode(
        items(Utterance("a", "x", video=str(clip)), Utterance("b", "x", audio=str(wav)))
    )
    assert np.argmax(vectors[0][:20]) == np.argmax(vectors[1][:20])


@pytest.mark.parametrize("suffix", ["m4a", "mp4", "mkv", "mov"])
def test_any_container_can_be_a_recording(tmp_path, suffix):
    clip = write_clip(tmp_path / f"sound.{suffix}", picture=None)
    as_video = read_sound(Utterance("u", "x", video=str(clip)), 30.0)
    np.testing.assert_array_equal(read(clip), as_video)
    assert len(as_video) >= RATE


@pytest.mark.parametrize("suffix", ["webm", "ogg", "opus", "flac", "mka"])
def test_what_the_web_and_recorders_write_can_be_a_recording(tmp_path, suffix):
    path, rate = tmp_path / f"sound.{suffix}", 48_000
    with av.open(str(path), "w") as container:
        codec = "flac" if suffix == "flac" else "libopus"
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(1, rate).T, format="fltp", layout="mono")
        frame.rate, frame.pts = rate, 0
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", rate, context.frame_size or 1024)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(piece))
    samples = read(path)
    assert len(samples) == pytest.approx(RATE, rel=0.05)
    as_video = read_sound(Utterance("u", "x", video=str(path)), 30.0)
    np.testing.assert_allclose(samples, as_video, atol=1e-3)  # libsndfile's decoder, FFmpeg's


def test_files_that_cannot_be_used_say_why(tmp_path):
    whole = write_wav(tmp_path / "whole.wav", tone(1, RATE), RATE).read_bytes()
    (tmp_path / "truncated.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.wav").write_text("no sound")
    write_wav(tmp_path / "empty.wav", np.zeros(0, np.float32), RATE)
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan, "float32"), RATE, subtype="FLOAT")
    write_clip(tmp_path / "silent.m4a", sound=None)
    reasons = {
        "silent.m4a": "not a readable sound file (clip has no sound)",
        "truncated.wav": "truncated: 15978 of 32000 bytes",
        "text.wav": "not a readable sound file",
        "empty.wav": "0 samples",
        "nan.wav": "NaN",
        "nowhere.wav": "no file nowhere.wav",
    }
    vectors = MelEncoder().encode(heard(*(tmp_path / name for name in reasons)))
    for vector, reason in zip(vectors, reasons.values(), strict=True):
        assert isinstance(vector, str)
        assert reason in vector
    assert MelEncoder().encode(items(Utterance("u", "x"))) == ["no recording"]


def test_silence_and_very_short_sounds_still_have_statistics(tmp_path):
    silent = write_wav(tmp_path / "silent.wav", np.zeros(RATE, np.float32), RATE)
    short = write_wav(tmp_path / "short.wav", tone(1, RATE)[:1], RATE)
    for encoder in (MelEncoder(bands=20), ProsodyEncoder()):
        for vector in encoder.encode(heard(silent, short)):
            assert vector.shape == (encoder.width,)
            assert np.isfinite(vector).all()


def test_wav2vec2_sums_its_layers_and_averages_over_frames(tiny_wav2vec2):
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

    sound = tone(0.5, RATE)[:, 0]
    model = Wav2Vec2Model.from_pretrained(tiny_wav2vec2).eval()
    inputs = Wav2Vec2FeatureExtractor()(sound, sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        layers = model(**inputs, output_hidden_states=True).hidden_states
    vector = Wav2Vec2Encoder(AudioSettings(str(tiny_wav2vec2))).encode_sound(sound)
    np.testing.assert_allclose(vector, sum(layers)[0].mean(0), rtol=1e-5, atol=1e-5)
    assert len(layers) == 3


def test_wav2vec2_hears_each_recording_alone(tiny_wav2vec2, tmp_path):
    paths = [write_wav(tmp_path / f"{n}.wav", tone(n / 4, RATE, 200 * n), RATE) for n in (1, 2, 4)]
    encoder = Wav2Vec2Encoder(AudioSettings(str(tiny_wav2vec2)))
    together = encoder.encode(heard(*paths))
    for path, vector in zip(paths, together, strict=True):
        np.testing.assert_array_equal(encoder.encode(heard(path))[0], vector)
    assert np.abs(together[0] - together[2]).max() > 1e-3


def test_a_sound_shorter_than_a_frame_is_missing(tiny_wav2vec2, tmp_path):
    path = write_wav(tmp_path / "short.wav", tone(1, RATE)[:160], RATE)
    encoder = Wav2Vec2Encoder(AudioSettings(str(tiny_wav2vec2)))
    assert encoder.encode(heard(path)) == ["sound of 10 ms is too short"]
    assert encoder.width == 16


def test_wrong_settings_are_named():
    with pytest.raises(ErcbenchError, match="most_seconds=0: expected 0.1 or more"):
        AudioSettings(most_seconds=0)
    with pytest.raises(ErcbenchError, match="bands=0: expected 1 to 128"):
        MelEncoder(bands=0)


@pytest.mark.shared
@pytest.mark.parametrize("corpus", ["emodb", "ravdess"])
def test_real_speech_has_the_pitch_of_a_voice(shared, corpus):
    paths = sorted((shared / "data" / "speech" / corpus).glob("*.wav"))[:6]
    vectors = ProsodyEncoder().encode(heard(*paths))
    assert len(paths) == 6
    hertz = 55 * 2 ** (np.array(vectors)[:, PROSODY.index("pitch_mean")] / 12)
    assert ((hertz > 70) & (hertz < 400)).all()


def test_an_unreadable_recording_is_no_users_error():
    """It becomes a missing row; it must never stop an extraction."""
    assert not issubclass(UnreadableError, ErcbenchError)
