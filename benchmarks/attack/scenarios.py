"""What is attacked: commands on tiny corpora, which leave the same numbers whenever they finish."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from helpers import SMALL_DATA, SMALL_RUN
from miniatures import cosmic_iemocap, save

from attack.children import command, run

WORDS = ["hello", "there", "you", "are", "late", "again", "no", "why", "oh"]
TRAIN = ("train", *SMALL_RUN, "trainer.max_epochs=3")
STAGES = (
    *("train", *SMALL_DATA, "trainer.max_epochs=2", "model=hcam", "model.hidden=8"),
    *("model.context_attention=6", "model.fusion_width=8", "model.fusion_attention=6"),
)
PREPARE = ("prepare", "corpus=csv", "root=talk.csv", "audio=mel", "chunk=4")
SHARDS = [(*PREPARE, f"shard={n}/2", f"store=part{n}") for n in (1, 2)]
IMPORT = ("import", "community=file.pkl", "store=mine")
ARRAYS = ("import", "store=talk", "text=vectors.npz", "name=mine", "fitted_on=[]")
CORPUS = ("prepare", "corpus=csv", "root=talk.csv")
REPORT = ("report", "out=report")
REPRODUCE = (
    *("reproduce", "paper=cfn_esa", "simulated=true", "seeds=[0,1]"),
    f"settings=[{','.join(SMALL_DATA)},trainer.max_epochs=1,model.hidden=8,model.heads=2]",
)


@dataclass(frozen=True)
class Scenario:
    """A command, and what has to be there before.

    Attributes:
        name: Of the command, in a few words.
        arguments: The command.
        before: Commands that make what it needs.
    """

    name: str
    arguments: Sequence[str]
    before: Sequence[Sequence[str]] = ()

    def prepare(self, folder: Path) -> Path:
        """Makes a folder with all that the command needs."""
        make_files(folder)
        for arguments in self.before:
            ended = run(folder, command(*arguments))
            if ended.code:
                raise RuntimeError(f"{' '.join(arguments)}\n{ended.said}")
        return folder


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("prepare", PREPARE),
        Scenario("import a pickle", IMPORT),
        Scenario("import arrays", ARRAYS, [CORPUS]),
        Scenario("train", TRAIN),
        Scenario("train in stages", STAGES),
        Scenario("report", REPORT, [TRAIN, (*TRAIN, "seed=1"), (*TRAIN, "model=gru")]),
        Scenario("reproduce", REPRODUCE),
        Scenario("merge", ("stores", "merge", "stores/part1", "stores/part2"), SHARDS),
    )
}


def make_files(folder: Path) -> None:
    """Makes a table of utterances with their sounds, vectors of them, and a community pickle."""
    folder.mkdir(parents=True)
    rng, rows = np.random.default_rng(0), []
    for number in range(18):
        conversation, sound = f"c{number // 3}", f"{number}.wav"
        soundfile.write(folder / sound, rng.normal(0, 0.1, 2000).astype(np.float32), 8000)
        split = ("train", "train", "train", "train", "dev", "test")[number // 3]
        text, label = " ".join(rng.choice(WORDS, 4)), ("glad", "calm")[number % 2]
        rows.append([conversation, f"u{number}", "Ann", text, label, split, sound])
    with (folder / "talk.csv").open("w", newline="") as stream:
        columns = ("conversation", "utterance", "speaker", "text", "label", "split", "audio")
        csv.writer(stream).writerows([columns, *rows])
    ids = [row[1] for row in rows]
    np.savez(folder / "vectors.npz", utterance_id=ids, features=rng.normal(size=(len(ids), 4)))
    save(folder, cosmic_iemocap())


def copied(original: Path, name: str) -> Path:
    """Copies a folder beside itself, in place of an earlier copy."""
    copy = original.parent / name
    shutil.rmtree(copy, ignore_errors=True)
    return shutil.copytree(original, copy)
