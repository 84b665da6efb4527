"""A small run that reads text and sound, trained on a table of tones."""

import numpy as np
from helpers import compose_in
from small import tone, write_wav

from ercbench.api.training import train
from ercbench.commands.prepare import prepare_command

SENTENCES = ("You got the job?", "I start on Monday!", "I am so sorry.", "Leave me alone!")
LABELS = ("joy", "joy", "sad", "sad")
TALK = """1
00:00:00,000 --> 00:00:01,000
ANN: You got the job?

2
00:00:01,200 --> 00:00:02,000
BOB: I start on Monday!

3
00:00:02,500 --> 00:00:03,000
ANN: I am so sorry.
"""


def train_small(folder, features=("text", "audio"), encoder="minilm", **options):
    """Trains a GRU of 8 units for an epoch on 6 conversations of 4 utterances."""
    if not (folder / "stores").is_dir():
        _prepare(folder, encoder)
    return train(
        "gru",
        "csv",
        features=list(features),
        runs=folder / "runs",
        stores=folder / "stores",
        overrides=[
            "store=tones",
            "model.hidden=8",
            "trainer.max_epochs=1",
            "trainer.accelerator=cpu",
            "trainer.enable_progress_bar=false",
            *options.pop("overrides", ()),
        ],
        **options,
    )


def _prepare(folder, encoder):
    lines = ["conversation,utterance,speaker,text,label,split,audio"]
    for number, part in enumerate(("train",) * 4 + ("validation", "test")):
        for turn, (text, label) in enumerate(zip(SENTENCES, LABELS, strict=True)):
            name = f"{number}-{turn}.wav"
            write_wav(folder / name, tone(0.3, 16000, 200 + 40 * (4 * number + turn)), 16000)
            lines.append(f"c{number},{turn},{'AB'[turn % 2]},{text},{label},{part},{name}")
    (folder / "tones.csv").write_text("\n".join(lines) + "\n")
    settings = [f"root={folder}/tones.csv", "corpus=csv", f"text={encoder}", "audio=mel"]
    prepare_command(compose_in(folder, *settings, "store=tones", command="prepare"))


def write_talk(folder, rate=16000):
    """A recording of three tones of other pitches, and its subtitles; returns both paths."""
    parts = [tone(1.0, rate, 300), tone(1.0, rate, 400), tone(1.5, rate, 500)]
    recording = write_wav(folder / "talk.wav", np.concatenate(parts), rate)
    subtitles = folder / "talk.srt"
    subtitles.write_text(TALK)
    return recording, subtitles
