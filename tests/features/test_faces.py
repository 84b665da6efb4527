"""Faces in frames: what is cut out, and how much each counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from small import Faces, write_clip

from ercbench.features.media.boxes import areas, best_of_overlapping, moved, squared, within
from ercbench.features.media.clips import clip_frames
from ercbench.features.media.faces import clip_pictures, draw_boxes, read_picture
from plain.mtcnn import greedy


def black(height=40, width=60):
    return np.zeros((height, width, 3), np.uint8)


def test_faces_count_by_their_share_of_the_area_of_the_faces_in_their_frame():
    boxes = [[0, 0, 10, 30], [30, 0, 40, 10]], [], [[5, 5, 15, 15]]
    clip = clip_pictures([black()] * 3, Faces(*boxes), size=8, margin=0)
    np.testing.assert_array_equal(clip.weights, [[0.75, 0.25, 0], [0, 0, 0], [0, 0, 1]])
    assert clip.frames.shape == clip.faces.shape == (3, 8, 8, 3)
    assert len(clip) == 6


def test_a_clip_without_faces_has_none():
    clip = clip_pictures([black()] * 2, Faces([], []), size=8, margin=0)
    assert (clip.weights.shape, clip.faces.shape) == ((2, 0), (0, 8, 8, 3))


def test_what_lies_beyond_the_frame_neither_counts_nor_is_seen():
    white = black() + np.uint8(255)
    boxes = [[-10, 0, 10, 10], [0, 20, 10, 30], [70, 0, 90, 20]]
    clip = clip_pictures([white], Faces(boxes), size=8, margin=0)
    np.testing.assert_array_equal(clip.weights, [[0.5, 0.5]])
    assert (clip.faces[1] == 255).all()


def test_a_face_is_cut_out_in_a_square_around_it_with_a_margin():
    frame = black()
    frame[10:30, 20:40] = 255
    tight, wide = (
        clip_pictures([frame], Faces([[25, 10, 35, 30]]), size=20, margin=margin).faces[0]
        for margin in (0, 1)
    )
    assert (tight == 255).all()
    assert wide.mean() == pytest.approx(255 / 4, rel=0.02)


def test_boxes():
    boxes = np.array([[0, 0, 10, 20], [5, 5, 5, 9], [-4, -4, 90, 8]], np.float32)
    assert areas(boxes).tolist() == [200, 0, 94 * 12]
    assert within(boxes, 30, 50).tolist() == [[0, 0, 10, 20], [5, 5, 5, 9], [0, 0, 50, 8]]
    assert squared(boxes[:1], 0.5).tolist() == [[-10, -5, 20, 25]]
    shifted = moved(boxes[:1], np.array([[0.1, 0.1, 0.2, -0.5]], np.float32))
    np.testing.assert_allclose(shifted, [[1, 2, 12, 10]])


def test_of_boxes_that_overlap_too_much_the_best_stays():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10], [2, 2, 6, 6]], np.float32)
    scores = np.array([0.8, 0.9, 0.1, 0.85], np.float32)
    assert best_of_overlapping(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert best_of_overlapping(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]
    assert best_of_overlapping(boxes[:0], scores[:0], 0.5).tolist() == []


@given(
    boxes=arrays(np.float32, st.tuples(st.integers(0, 90), st.just(4)), elements=st.integers(0, 9)),
    most=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    of_smaller=st.booleans(),
)
def test_boxes_are_left_as_by_comparing_one_after_the_other(boxes, most, of_smaller):
    scores = np.linspace(0.5, 1, len(boxes), dtype=np.float32)
    expected = greedy(boxes, scores, most, of_smaller)
    np.testing.assert_array_equal(
        best_of_overlapping(boxes, scores, most, of_smaller=of_smaller), expected
    )


def test_cells_of_a_grid_that_overlap_by_just_a_half_are_left_alike():
    columns, rows = np.meshgrid(np.arange(12), np.arange(9))
    corners = np.stack([columns, rows, columns, rows], -1).reshape(-1, 4).astype(np.float32)
    boxes = (2 * corners + np.array([0, 0, 12, 12], np.float32)) / np.float32(0.2127)
    scores = np.random.default_rng(0).permutation(np.linspace(0.6, 1, len(boxes)))
    stay = best_of_overlapping(boxes, scores, 0.5)
    np.testing.assert_array_equal(stay, greedy(boxes, scores, 0.5))


def test_pictures_are_read_in_colour_upright_and_of_one_size(tmp_path):
    red = np.zeros((20, 40, 3), np.uint8)
    red[:, 20:, 0] = 255
    Image.fromarray(red).save(tmp_path / "red.png")
    seen = read_picture(tmp_path / "red.png", 16)
    assert (seen.shape, seen.dtype) == ((16, 16, 3), np.uint8)
    assert seen[:, -4:, 0].min() == 255
    assert seen[..., 1:].max() == 0
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(red).save(tmp_path / "turned.png", exif=turned)
    assert read_picture(tmp_path / "turned.png", 16)[-4:, :, 0].min() == 255


def test_a_picture_that_cannot_be_read_says_why(tmp_path):
    path = tmp_path / "who" / "x.jpg"
    assert read_picture(path, 16) == "who/x.jpg is no readable picture (FileNotFoundError)"
    path.parent.mkdir()
    path.write_bytes(b"x")
    assert read_picture(path, 16) == "who/x.jpg is no readable picture (UnidentifiedImageError)"


def test_boxes_are_drawn_on_a_copy():
    frame = black()
    drawn = draw_boxes(frame, np.array([[10, 10, 30, 35]]), np.array([0.99]))
    assert drawn[10, 20].tolist() == [255, 255, 0]
    assert drawn[38, 2].tolist() == [0, 0, 0]
    assert not frame.any()


def test_successive_frames_follow_each_other_in_the_middle(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)
    levels = [f.mean() / 255 for f in clip_frames(clip, 4, most_seconds=30, spread="successive")]
    np.testing.assert_allclose(levels, np.arange(18, 22) / 39, atol=0.02)
    assert len(clip_frames(clip, 90, most_seconds=30, spread="successive")) == 40
