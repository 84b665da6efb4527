"""The report of 300 runs: seconds and memory, in a process of its own.

    python benchmarks/report.py [--models 10] [--seeds 30] [--draws 10000]

Makes up the records in a temporary folder: MELD's test part has 280 dialogues, 2,610 utterances
and seven classes.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ercbench.features.store.recipe import FeatureRecipe
from ercbench.metrics import Predictions, previous_labels
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import (
    Execution,
    OutputScores,
    RunRecord,
    RunResults,
    RunSetup,
    StageRecord,
)
from ercbench.records.scores import Scores, score

DIALOGUES, UTTERANCES = 280, 2610
LABELS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
SHARES = (0.481, 0.108, 0.019, 0.08, 0.154, 0.026, 0.132)
CHILD = """
import json, resource, sys
from ercbench.commands.report import report_command
report_command(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
found = {"cpu_seconds": round(used.ru_utime + used.ru_stime, 1)}
found |= {"mebibytes": round(used.ru_maxrss / 1024), "torch": "torch" in sys.modules}
print(json.dumps(found))
"""


def main() -> None:
    """Prints how long the report took, and how much memory it needed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--draws", type=int, default=10_000)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        for model in range(arguments.models):
            for seed in range(arguments.seeds):
                write_run(runs, f"Model{model}", seed, 1 + 0.1 * model)
        command = [str(runs), f"out={folder}/report", f"draws={arguments.draws}"]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *command], check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
    found = json.loads(done.stdout.splitlines()[-1]) | {"seconds": round(seconds, 1)}
    print(f"{arguments.models} models, {arguments.seeds} seeds, {arguments.draws} draws: {found}")


def write_run(folder: Path, model: str, seed: int, skill: float) -> None:
    """Writes the record of a run whose logits favour the truth by `skill` deviations."""
    questions = np.random.default_rng(0)
    truth = questions.choice(len(LABELS), UTTERANCES, p=SHARES)
    dialogue = np.sort(questions.integers(0, DIALOGUES, UTTERANCES))
    logits = np.random.default_rng([seed, *model.encode()]).normal(size=(UTTERANCES, len(LABELS)))
    logits[np.arange(UTTERANCES), truth] += skill
    own = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    run = RunFolder(folder / f"made-up-{model}-seed{seed}")
    run.write_predictions(
        [
            {"conversation": f"d{dialogue[row]}", "turn": row, "utterance": f"u{row}"}
            | {"speaker": "AB"[row % 2], "label": LABELS[truth[row]], "text": f"Words {row}."}
            | {"predicted": LABELS[own[row].argmax()]}
            | {f"p_{label}": float(p) for label, p in zip(LABELS, own[row], strict=True)}
            for row in range(UTTERANCES)
        ]
    )
    speakers = np.where(np.arange(UTTERANCES) % 2, "B", "A")
    found = score(Predictions(truth, own, previous_labels(dialogue, speakers, truth)))
    assert found is not None
    run.write(make_record(run.path.name, model, seed, found))


def make_record(run: str, model: str, seed: int, test: Scores) -> RunRecord:
    """Returns the record of a run, with all that the report reads."""
    recipe = FeatureRecipe("text", "made-up", "made-up", None, {}, [], "1", {})
    setup = RunSetup(
        group="made-up",
        model=model,
        corpus="made-up",
        simulated=False,
        split="test",
        split_sha256="s",
        labels=LABELS,
        features=(recipe,),
        seed=seed,
        leaks=(),
        settings={"seed": seed},
        manifest_sha256="m",
        provenance={},
        code="c",
    )
    stages = (StageRecord("", 1, 2, 2, {}),)
    results = RunResults(stages, {"final": OutputScores(test, test)}, "")
    return RunRecord(run, run, setup, results, Execution(1, 1.0, 1, "cpu", {}, "2026-01-01"))


if __name__ == "__main__":
    main()
