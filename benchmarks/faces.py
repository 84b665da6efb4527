"""Faces in the clips of a folder: ours beside the same cascade written plainly.

    OMP_NUM_THREADS=1 python benchmarks/faces.py FOLDER_OF_CLIPS

Both have the same networks and frames in one process, clip by clip in turn. Processor seconds
count, for machines that are busy with other things. Boxes are compared by the share of both that
is in both.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ercbench.features.media.clips import clip_frames
from ercbench.features.media.mtcnn import MTCNN
from plain.mtcnn import PlainMTCNN

Found = list[tuple[np.ndarray, np.ndarray]]
Detect = Callable[[list[np.ndarray]], Found]


def main() -> None:
    """Prints a row per clip: seconds a clip, and how far boxes differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds *.mp4")
    parser.add_argument("--frames", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plain, ours = PlainMTCNN(), MTCNN()
    detectors: list[Detect] = [lambda frames: list(map(plain.detect, frames)), ours.detect]
    totals, lowest = np.zeros(2), 1.0
    for number, clip in enumerate(sorted(arguments.folder.glob("*.mp4"))):
        frames = clip_frames(clip, arguments.frames, 30.0, "successive")
        if not number:
            for detect in detectors:
                detect(frames)  # loads the weights, compiles the loops
        (theirs, before), (own, after) = (timed(detect, frames) for detect in detectors)
        totals += before, after
        agreement = min(
            same_boxes(some[0], others[0]) for some, others in zip(theirs, own, strict=True)
        )
        lowest = min(lowest, agreement)
        print(f"{clip.stem:14} {before:6.2f} s {after:6.2f} s  least overlap {agreement:.3f}")
    print(f"plain {totals[0]:.1f} s, ours {totals[1]:.1f} s: {totals[0] / totals[1]:.1f} times as")
    print(f"fast; least overlap {lowest:.3f}")


def timed(detect: Detect, frames: list[np.ndarray]) -> tuple[Found, float]:
    """Returns what is found in each frame, and processor seconds."""
    start = time.process_time()
    found = detect(frames)
    return found, time.process_time() - start


def same_boxes(some: np.ndarray, others: np.ndarray) -> float:
    """Returns the least overlap of a box with its match; 0 where one has none."""
    if len(some) != len(others):
        return 0.0
    if not len(some):
        return 1.0
    shares = shared_by(some[:, None], others)
    return float(min(shares.max(0).min(), shares.max(1).min()))


def shared_by(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns the share of two boxes [..., 4] together that is in both."""
    first = np.maximum(some[..., :2], others[..., :2])
    last = np.minimum(some[..., 2:], others[..., 2:])
    own, other, shared = (
        (end - begin).clip(0).prod(-1)
        for begin, end in (
            (some[..., :2], some[..., 2:]),
            (others[..., :2], others[..., 2:]),
            (first, last),
        )
    )
    return shared / (own + other - shared)


if __name__ == "__main__":
    main()
