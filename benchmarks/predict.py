"""Predicting on a ten-minute conversation: seconds, the start apart, in a process of its own.

    OMP_NUM_THREADS=1 python benchmarks/predict.py [--minutes 10] [--kind mp4]

Trains a small GRU on MiniLM text and mel statistics of made-up noise in a temporary folder, then
predicts on a recording of noise with a turn every 3.6 seconds, as in MELD.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from ercbench.api.training import train
from ercbench.commands.prepare import prepare_command
from ercbench.config.compose import compose

RATE, TURN = 44_100, 3.6
WORDS = ["so", "what", "do", "you", "think", "about", "the", "job", "that", "they", "gave", "me"]
CHILD = "from ercbench.cli import main; main()"


def main() -> None:
    """Makes a run and a recording, and prints what predicting took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kind", choices=("wav", "mp4"), default="mp4")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        run = make_run(Path(folder))
        recording, transcript = make_talk(Path(folder), 60 * given.minutes, given.kind)
        words = [str(run), f"input={recording}", f"transcript={transcript}", f"out={folder}/answer"]
        begun, before = time.perf_counter(), os.times()
        subprocess.run(
            [sys.executable, "-c", CHILD, "predict", *words], check=True, stdout=subprocess.DEVNULL
        )
        wall, after = time.perf_counter() - begun, os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
    print(f"{given.minutes:g} minutes of {given.kind}: {wall:.1f} s, {used:.1f} s of processors")


def make_run(folder: Path) -> Path:
    """Trains on six conversations of four utterances, and returns the run's folder."""
    lines = ["conversation,utterance,speaker,text,label,split,audio"]
    for number, part in enumerate(("train",) * 4 + ("validation", "test")):
        for turn in range(4):
            name = f"{number}-{turn}.wav"
            soundfile.write(folder / name, noise(1, number * 4 + turn), RATE)
            label = ("joy", "sad")[turn % 2]
            lines.append(f"c{number},{turn},A,{sentence(turn)},{label},{part},{name}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    places = [f"stores={folder}/stores", "store=table"]
    source = ["corpus=csv", f"root={folder}/table.csv", "text=minilm", "audio=mel"]
    prepare_command(compose("prepare", [*source, *places]))
    overrides = ["store=table", "model.hidden=64", "trainer.max_epochs=1"]
    run = train("gru", "csv", runs=folder / "runs", stores=folder / "stores", overrides=overrides)
    return run.folder.path


def make_talk(folder: Path, seconds: float, kind: str) -> tuple[Path, Path]:
    """Writes a recording of noise and its turns, and returns both paths."""
    turns = int(seconds / TURN)
    lines = [
        f"{number * TURN:.2f},{(number + 0.9) * TURN:.2f},{'AB'[number % 2]},{sentence(number)}"
        for number in range(turns)
    ]
    transcript, recording = folder / "turns.csv", folder / f"talk.{kind}"
    transcript.write_text("\n".join(["start,end,speaker,text", *lines]) + "\n")
    if kind == "wav":
        soundfile.write(recording, noise(seconds, 0), RATE)
    else:
        write_mp4(recording, noise(seconds, 0))
    return recording, transcript


def write_mp4(path: Path, samples: np.ndarray) -> None:
    """Writes sound as AAC in an mp4."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for first in range(0, len(samples), 1024):
            block = samples[None, first : first + 1024]
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.rate, frame.pts = RATE, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def noise(seconds: float, seed: int) -> np.ndarray:
    """Returns [samples] float32 at `RATE` that swell and fade as syllables do."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time)
    return (0.1 * swell * rng.standard_normal(len(time))).astype(np.float32)


def sentence(number: int) -> str:
    """Returns eight words that differ from turn to turn."""
    return " ".join(WORDS[(number * 5 + place * 3) % len(WORDS)] for place in range(8))


if __name__ == "__main__":
    main()
