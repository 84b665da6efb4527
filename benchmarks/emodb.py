"""M2FNet's audio extractor on EMO-DB, speakers left out: untrained, trained, mel statistics.

Five folds of two speakers; the next two choose the epoch, the other six train. By a linear probe
on the vectors, fitted on the training speakers; mean ± sd over the folds. Run it with the folder
of recordings: `python benchmarks/emodb.py FOLDER OUT trainer.max_epochs=40 …`.
"""

import csv
import sys
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from ercbench.commands.prepare import prepare_command
from ercbench.config.compose import compose
from ercbench.evaluation.encoders.retrieval import Labelled, probe, retrieval
from ercbench.features.encoders.encoder import items_of
from ercbench.features.store.feature_store import FeatureStore
from ercbench.training.finetune import finetune

EMOTIONS = {
    **{"W": "anger", "L": "boredom", "E": "disgust", "A": "fear"},
    **{"F": "happiness", "T": "sadness", "N": "neutral"},
}
FOLDS = 5
MARGINS = ("detached", "as_printed", "fixed")
Scores = dict[str, dict[str, float]]


def main(recordings: Path, out: Path, *overrides: str) -> None:
    """Prints the table.

    Args:
        recordings: Folder of EMO-DB's `*.wav`, whose names tell speaker and emotion.
        out: Where tables, stores and encoders go.
        overrides: Settings of `ercbench finetune`.
    """
    found: dict[str, list[Scores]] = {}
    for fold in range(FOLDS):
        name = f"emodb{fold}"
        write_table(recordings, out / f"{name}.csv", fold)
        folders = [f"stores={out}/stores", f"store={name}"]
        run = [f"root={out}/{name}.csv", "corpus=csv", "audio=mel", *folders]
        prepare_command(compose("prepare", run))
        found.setdefault("mel statistics", []).append(statistics(out / "stores" / name))
        for margin in MARGINS:
            own = [f"encoder.margin={margin}", f"runs={out}/encoders", "split=given"]
            run = ["encoder=m2fnet_audio", *folders, *own, *overrides]
            record = finetune(compose("finetune", run))
            found.setdefault(f"untrained ({margin})", []).append(record.results.untrained)
            found.setdefault(f"trained, margin={margin}", []).append(record.results.trained)
    show(found)


def write_table(recordings: Path, path: Path, fold: int) -> None:
    """Writes the recordings as a corpus, a conversation per speaker."""
    files = sorted(recordings.resolve().glob("*.wav"))
    speakers = sorted({file.name[:2] for file in files})
    parts = {speaker: "train" for speaker in speakers}
    for place, part in enumerate(("test", "test", "validation", "validation")):
        parts[speakers[(2 * fold + place) % len(speakers)]] = part
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["conversation", "utterance", "speaker", "text", "label", "split", "audio"])
        for file in files:
            speaker, emotion = file.name[:2], EMOTIONS[file.name[5]]
            row = [speaker, file.stem, speaker, "", emotion, parts[speaker], file]
            writer.writerow(row)


def statistics(folder: Path) -> Scores:
    """Returns how well mel statistics tell the emotions apart."""
    store = FeatureStore(folder)
    train, test = (labelled(store, part) for part in ("train", "test"))
    return {"probe": probe(train, test), "retrieval": retrieval(*test)}


def labelled(store: FeatureStore, part: str) -> Labelled:
    """Returns the mel statistics of a part and their labels."""
    chosen = set(store.corpus.split("given").parts()[part])
    items = list(items_of(store.corpus))
    rows = [place for place, item in enumerate(items) if item.conversation.id in chosen]
    labels = [store.corpus.labels.index(str(items[row].utterance.label)) for row in rows]
    return store.open("audio", "mel").rows(0, store.count)[rows], np.array(labels)


def show(found: dict[str, list[Scores]]) -> None:
    """Prints a row per kind of vector."""
    print("vectors | probe macro F1 | probe weighted F1 | nearest neighbour | average precision")
    for name, folds in found.items():
        cells = [
            spread([fold[kind][score] for fold in folds])
            for kind, score in (
                *(("probe", "macro_f1"), ("probe", "weighted_f1")),
                *(("retrieval", "nearest"), ("retrieval", "average_precision")),
            )
        ]
        print(" | ".join([name, *cells]))


def spread(values: list[float]) -> str:
    """Returns mean ± standard deviation, per cent."""
    return f"{100 * mean(values):.1f} ± {100 * stdev(values):.1f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
