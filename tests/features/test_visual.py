"""Frames lie evenly over a clip; a clip that cannot be used says why."""

import numpy as np
import pytest
import torch
from small import heard, items, seen, turn_clip, write_clip, write_frames
from tiny import save_clip, save_vit
from transformers import AutoImageProcessor, CLIPModel, ViTModel

from ercbench.corpora.conversation import Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.encoders import visual
from ercbench.features.encoders.acoustics import MelEncoder
from ercbench.features.encoders.visual import FrameEncoder, VisualSettings
from ercbench.features.media.clips import clip_frames


@pytest.fixture
def encoder(tiny_resnet):
    return FrameEncoder(VisualSettings(str(tiny_resnet), frames=4))


def test_frames_come_from_the_middle_of_equal_parts(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)
    levels = [frame.mean() / 255 for frame in clip_frames(clip, 4, most_seconds=30)]
    np.testing.assert_allclose(levels, [1 / 8, 3 / 8, 5 / 8, 7 / 8], atol=0.04)


def test_frames_of_a_variable_rate_lie_evenly_in_time(tmp_path):
    times = [*np.arange(0, 1, 0.02), *range(1, 10)]
    images = [np.full((16, 16, 3), 20 * int(time), np.uint8) for time in times]
    clip = write_frames(tmp_path / "clip.mp4", times, images)
    levels = [frame.mean() / 20 for frame in clip_frames(clip, 3, most_seconds=30)]
    np.testing.assert_allclose(levels, [1, 4, 7], atol=0.3)
    levels = [frame.mean() / 20 for frame in clip_frames(clip, 3, most_seconds=5.5)]
    np.testing.assert_allclose(levels, [1, 3, 5], atol=0.3)


@pytest.mark.parametrize("quarters", range(4))
def test_a_clip_is_seen_as_it_is_to_be_shown(tmp_path, quarters):
    image = np.zeros((16, 32, 3), np.uint8)
    image[:8, :8] = 255
    clip = turn_clip(write_frames(tmp_path / "clip.mp4", [0, 1], [image] * 2), quarters)
    (frame,) = clip_frames(clip, 1, most_seconds=30)
    np.testing.assert_allclose(frame, np.rot90(image, -quarters), atol=3)


def test_only_the_first_seconds_are_seen(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=300, fps=1, sound=None)
    levels = [frame.mean() / 255 for frame in clip_frames(clip, 4, most_seconds=30)]
    assert max(levels) < 0.12


def test_a_clip_with_fewer_frames_gives_each_once(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.3, fps=10)
    assert len(clip_frames(clip, 8, most_seconds=30)) == 3


def test_clips_that_cannot_be_used_say_why(encoder, tmp_path):
    whole = write_clip(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    write_clip(tmp_path / "silent.mp4", sound=None)
    write_clip(tmp_path / "blind.mp4", picture=None)
    write_clip(tmp_path / "nothing.mp4", seconds=0.0)
    write_clip(tmp_path / "quiet.mkv", sound=0)
    write_clip(tmp_path / "dark.mkv", picture=0)
    names = ("truncated.mp4", "silent.mp4", "blind.mp4", "nothing.mp4", "quiet.mkv", "dark.mkv")
    clips = seen(*(tmp_path / name for name in (*names, "no.mp4")))
    pictures = [v if isinstance(v, str) else "" for v in encoder.encode(clips)]
    sounds = [v if isinstance(v, str) else "" for v in MelEncoder().encode(clips)]
    broken = "not a readable clip (Invalid data found when processing input)"
    blind, deaf, gone = "clip has no picture", "clip has no sound", "no file no.mp4"
    assert pictures == [broken, "", blind, blind, "", "clip has 0.0 s of picture", gone]
    assert sounds == [broken, deaf, "", deaf, "clip has 0.0 s of sound", "", gone]


def test_an_utterance_without_a_clip_is_missing(encoder, tmp_path):
    assert encoder.encode(items(Utterance("u", "x"))) == ["no clip"]
    assert encoder.encode(heard(tmp_path / "only.wav")) == ["no clip"]


def test_pooling_over_frames(tiny_resnet, tmp_path):
    clip = seen(write_clip(tmp_path / "clip.mp4", seconds=2))
    mean, most = (
        FrameEncoder(VisualSettings(str(tiny_resnet), pooling=pooling)).encode(clip)[0]
        for pooling in ("mean", "max")
    )
    assert mean.shape == most.shape == (16,)
    assert (most >= mean).all()
    assert (most > mean).any()


class Everywhere:
    """A detector that finds one face, the left half, in every other frame."""

    least_face = 40

    def __init__(self, every=2):
        self.calls, self.every = 0, every

    def detect(self, frames):
        return [self._faces(*frame.shape[:2]) for frame in frames]

    def _faces(self, height, width):
        self.calls += 1
        boxes = [[0, 0, width / 2, height]] if self.calls % self.every == 0 else []
        return np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), np.float32)


def test_a_view_is_the_scene_the_faces_or_both(tiny_resnet, tmp_path, monkeypatch):
    clip = seen(write_clip(tmp_path / "clip.mp4", seconds=2))
    monkeypatch.setenv("ERCBENCH_CACHE", "")  # the detector is no part of what is described

    def vector(view, every=2):
        monkeypatch.setattr(visual, "FACES", Everywhere(every))
        encoder = FrameEncoder(VisualSettings(str(tiny_resnet), frames=4, view=view))
        (made,) = encoder.encode(clip)
        assert isinstance(made, str) or made.shape == (encoder.width,)
        return made

    scene, faces, both = map(vector, ("scene", "faces", "both"))
    np.testing.assert_allclose(both, np.concatenate([scene, faces]), atol=1e-6)
    assert np.abs(scene - faces).max() > 1e-4
    assert vector("faces", every=99) == "no face in 4 frames"
    np.testing.assert_array_equal(vector("both", every=99)[16:], np.zeros(16))


def test_a_scene_is_described_as_before_and_faces_with_what_decides_them(tiny_resnet):
    scene, faces = (
        FrameEncoder(VisualSettings(str(tiny_resnet), view=view)).describe()["settings"]
        for view in ("scene", "faces")
    )
    assert faces == scene | {"view": "faces", "least_face": 40, "margin": 0.0}


@pytest.mark.parametrize("kind", ["clip", "vit"])
def test_a_vector_is_the_model_s_own(kind, tmp_path):
    folder = {"clip": save_clip, "vit": save_vit}[kind](tmp_path / kind)
    encoder = FrameEncoder(VisualSettings(str(folder), frames=1))
    path = write_clip(tmp_path / "clip.mp4", seconds=1)
    (vector,) = encoder.encode(seen(path))
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    pixels = processor(clip_frames(path, 1, 30), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        if kind == "clip":
            model = CLIPModel.from_pretrained(folder).eval()
            expected = model.visual_projection(model.vision_model(pixels).pooler_output)
        else:
            expected = ViTModel.from_pretrained(folder).eval()(pixels).last_hidden_state[:, 0]
    np.testing.assert_allclose(vector, expected[0], atol=1e-5)
    assert encoder.width == len(vector)


def test_wrong_settings_are_named():
    with pytest.raises(ErcbenchError, match="view=eyes: expected one of scene, faces, both"):
        VisualSettings(view="eyes")
    with pytest.raises(ErcbenchError, match="pooling=first: expected one of mean, max"):
        VisualSettings(pooling="first")
    with pytest.raises(ErcbenchError, match="frames=0: expected 1 or more"):
        VisualSettings(frames=0)


@pytest.mark.shared
def test_every_real_clip_has_sound_and_picture(shared, encoder):
    clips = sorted((shared / "data" / "meld" / "clips").glob("*.mp4"))
    assert len(clips) == 16
    for made in (encoder, MelEncoder()):
        vectors = made.encode(seen(*clips))
        assert {vector.shape for vector in vectors} == {(made.width,)}
        assert len({vector.tobytes() for vector in vectors}) == 16
