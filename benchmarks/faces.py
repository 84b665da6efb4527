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

from ercbench.features.media.boxes import overlap
from ercbench.features.media.clips import clip_frames
from ercbench.features.media.mtcnn import MTCNN
from plain.mtcnn import PlainMTCNN

Detect = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def main() -> None:
    """Prints a row per clip: seconds a clip, and how far boxes differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds *.mp4")
    parser.add_argument("--frames", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plain, ours = PlainMTCNN(), MTCNN()
    for detector in (plain, ours):
        detector.detect(np.zeros((720, 1280, 3), np.uint8))  # loads the weights
    totals = np.zeros(2)
    lowest = 1.0
    for clip in sorted(arguments.folder.glob("*.mp4")):
        frames = clip_frames(clip, arguments.frames, 30.0, "successive")
        (theirs, before), (own, after) = (timed(each.detect, frames) for each in (plain, ours))
        totals += before, after
        agreement = min(map(same_boxes, theirs, own))
        lowest = min(lowest, agreement)
        print(f"{clip.stem:14} {before:6.2f} s {after:6.2f} s  least overlap {agreement:.3f}")
    print(f"plain {totals[0]:.1f} s, ours {totals[1]:.1f} s: {totals[0] / totals[1]:.1f} times as")
    print(f"fast; least overlap {lowest:.3f}")


def timed(detect: Detect, frames: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Returns the boxes in each frame, and processor seconds."""
    start = time.process_time()
    boxes = [detect(frame)[0] for frame in frames]
    return boxes, time.process_time() - start


def same_boxes(some: np.ndarray, others: np.ndarray) -> float:
    """Returns the least overlap of a box with its match; 0 where one has none."""
    if len(some) != len(others):
        return 0.0
    if not len(some):
        return 1.0
    shared, whole = overlap(some, others)
    shares = shared / whole
    return float(min(shares.max(0).min(), shares.max(1).min()))


if __name__ == "__main__":
    main()
