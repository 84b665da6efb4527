"""openSMILE's sets are what its own tool gives; a sound shorter than their frame is missing."""

import numpy as np
import pytest
from small import heard, tone, write_clip, write_wav

import ercbench.extras
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.functionals import SETS, FunctionalsEncoder
from ercbench.features.encoders.make import make_encoder, remake_encoder
from ercbench.features.media.sound import RATE
from ercbench.testing import check_encoder


@pytest.mark.parametrize("kind", SETS)
def test_a_vector_is_opensmile_s_of_the_same_file(tmp_path, kind):
    import opensmile

    wav = write_wav(tmp_path / "tone.wav", tone(1, RATE, 220), RATE)
    encoder = make_encoder("audio", kind)
    (vector,) = encoder.encode(heard(wav))
    theirs = opensmile.Smile(SETS[kind].title).process_file(str(wav))
    np.testing.assert_array_equal(vector, theirs.to_numpy()[0])
    assert vector.shape == (encoder.width,) == (theirs.shape[1],)


def test_is10_is_the_set_of_1582_that_the_papers_read():
    assert FunctionalsEncoder("is10").width == 1582


@pytest.mark.parametrize("kind", SETS)
def test_the_contract_holds(tmp_path, kind):
    tones = [
        write_wav(tmp_path / f"{hertz}.wav", tone(0.6, RATE, hertz), RATE) for hertz in (90, 300)
    ]
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    check_encoder(FunctionalsEncoder(kind), heard(*tones, clip))


@pytest.mark.parametrize("kind", SETS)
def test_a_sound_shorter_than_a_frame_is_missing_and_silence_is_not(tmp_path, kind):
    short = write_wav(tmp_path / "short.wav", tone(0.05, RATE), RATE)
    silent = write_wav(tmp_path / "silent.wav", np.zeros(RATE, np.float32), RATE)
    reason, vector = FunctionalsEncoder(kind).encode(heard(short, silent))
    assert reason == f"sound of 50 ms is too short for {kind}"
    assert np.isfinite(vector).all()


def test_the_encoder_is_made_again_from_its_description():
    encoder = make_encoder("audio", "egemaps", {"most_seconds": 5.0, "name": "voice"})
    again = remake_encoder("audio", "voice", encoder.describe())
    assert again == encoder


def test_without_the_library_the_error_names_the_extra_and_the_licence(monkeypatch):
    monkeypatch.setattr(ercbench.extras, "find_spec", lambda module: None)
    with pytest.raises(ErcbenchError, match=r"audEERING: research.*'ercbench\[opensmile\]'"):
        make_encoder("audio", "is10")


def test_wrong_settings_are_named():
    with pytest.raises(ErcbenchError, match="kind=is09: expected one of is10, compare, egemaps"):
        FunctionalsEncoder("is09")
    with pytest.raises(ErcbenchError, match="most_seconds=0: expected 0.1 or more"):
        FunctionalsEncoder("is10", most_seconds=0)
