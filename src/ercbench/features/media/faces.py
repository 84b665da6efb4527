"""What M2FNet's visual extractor sees (arXiv 2206.02187): whole frames, and the faces in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from ercbench.features.media.boxes import areas, squared, within


class FaceDetector(Protocol):
    """Finds faces in pictures."""

    def detect(self, frames: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Returns where faces are in each picture, and how sure that is.

        Args:
            frames: [H, W, 3] uint8, RGB.

        Returns:
            For each: [n, 4] boxes of left, top, right and bottom in pixels, and [n] scores from 0
            to 1.
        """
        ...


@dataclass(frozen=True)
class ClipPictures:
    """F frames and the N faces in them, all of one size.

    Attributes:
        frames: [F, size, size, 3] uint8, RGB.
        faces: [N, size, size, 3] uint8.
        weights: [F, N] float32, of each face in each frame: its share of the area of the faces in
            its frame, so that a row sums to 1, or to 0 where there is no face.
    """

    frames: np.ndarray
    faces: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.frames) + len(self.faces)


def clip_pictures(
    frames: Sequence[np.ndarray], detector: FaceDetector, size: int, margin: float
) -> ClipPictures:
    """Finds the faces in frames and brings all to one size.

    A face is cut out in a square around its box; what lies beyond the frame is black. Size, shape
    and margin of the cuts are a reconstruction; the paper does not give them, nor what the sum
    of the weights is.

    Args:
        frames: [H, W, 3] uint8, RGB, at least one.
        detector: What finds the faces.
        size: Height and width of the pictures.
        margin: How much longer the side of a square is than its box's, as a share.
    """
    faces: list[np.ndarray] = []
    shares: list[np.ndarray] = []
    for frame, (found, _) in zip(frames, detector.detect(frames), strict=True):
        boxes = within(found, *frame.shape[:2])
        boxes = boxes[areas(boxes) > 0]
        faces += [_cut(frame, square, size) for square in squared(boxes, margin)]
        shares.append(areas(boxes) / areas(boxes).sum())
    counts = np.array([len(own) for own in shares])
    frame_of = np.repeat(np.arange(len(frames)), counts)
    weights = np.zeros((len(frames), len(faces)), np.float32)
    weights[frame_of, np.arange(len(faces))] = np.concatenate(shares)
    whole = np.stack([resized(Image.fromarray(frame), size) for frame in frames])
    return ClipPictures(whole, np.array(faces, np.uint8).reshape(-1, size, size, 3), weights)


def read_picture(path: Path, size: int) -> np.ndarray | str:
    """Returns a picture file as [size, size, 3] uint8, RGB, or why it cannot be read."""
    try:
        with Image.open(path) as image:
            return resized(ImageOps.exif_transpose(image).convert("RGB"), size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{path.parent.name}/{path.name} is no readable picture ({type(error).__name__})"


def resized(image: Image.Image, size: int) -> np.ndarray:
    """Returns a picture squeezed to [size, size, 3] uint8."""
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def draw_boxes(frame: np.ndarray, boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Returns a copy of a frame with what a detector found in it, to look at.

    Args:
        frame: [H, W, 3] uint8, RGB.
        boxes: [n, 4].
        scores: [n].
    """
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    for box, score in zip(boxes.tolist(), scores, strict=True):
        draw.rectangle(box, outline="yellow", width=3)
        draw.text((box[0] + 6, box[1] + 6), f"{score:.3f}", fill="yellow", font_size=24)
    return np.asarray(image)


def _cut(frame: np.ndarray, square: np.ndarray, size: int) -> np.ndarray:
    left, top, right, bottom = square.round().astype(int).tolist()
    edges = left, top, max(right, left + 1), max(bottom, top + 1)
    return resized(Image.fromarray(frame).crop(edges), size)
