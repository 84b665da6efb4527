"""Predictions of another code, left beside our runs so that every table has them."""

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig

from ercbench.config.arguments import in_quotes
from ercbench.config.compose import compose
from ercbench.console import say
from ercbench.corpora.names import names_of
from ercbench.files import expanded, safe_name, sha256_of_file
from ercbench.metrics import Target
from ercbench.records.added_record import AddedRecord, AddedSetup
from ercbench.records.adding.files import read_predictions
from ercbench.records.adding.fitting import fit
from ercbench.records.adding.names import (
    check_free,
    checked_name,
    files_of,
    known_records,
    seeds_of,
)
from ercbench.records.adding.scores import read_scores
from ercbench.records.corpus_part import CorpusPart
from ercbench.records.fingerprint import fingerprint
from ercbench.records.prediction_rows import rows_of
from ercbench.records.run_folder import RunFolder


def add_predictions(
    predictions: str | Path | Sequence[str | Path],
    dataset: str,
    model: str,
    seed: int | Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    runs: str | Path = "runs",
    stores: str | Path = "stores",
) -> list[AddedRecord]:
    """Adds another code's predictions of a test part to the runs, for every table.

    They are marked as brought along, since nobody knows how their epoch was chosen. The same
    predictions again add nothing.

    Args:
        predictions: A file as `read_predictions` describes it, a pattern or several: a seed each.
        dataset: A name in `conf/dataset`; truth, speakers and dialogues come from its store.
        model: What the model is called in tables.
        seed: Of each file; None reads `seed3` in its name, or takes 0 for a single file.
        labels: The labels in the order of the file's indices or columns, where it does not say.
        overrides: Further settings as on the command line, such as `dataset.split=session5`.
        runs: Folder of the run folders.
        stores: Folder of the feature stores.

    Raises:
        ErcbenchError: A setting is wrong, or the predictions do not fit the test part.
    """
    several = [predictions] if isinstance(predictions, (str, Path)) else predictions
    settings = [
        f"predictions={_listed(several)}",
        f"dataset={dataset}",
        f"name={in_quotes(model)}",
        *([] if seed is None else [f"seed={seed if isinstance(seed, int) else list(seed)}"]),
        *([] if labels is None else [f"labels={_listed(labels)}"]),
        f"runs={in_quotes(str(runs))}",
        f"stores={in_quotes(str(stores))}",
        *overrides,
    ]
    return add(compose("add", settings))


def add(config: DictConfig) -> list[AddedRecord]:
    """Adds the predictions that the settings name; all of them, or none.

    Args:
        config: As `AddSettings` describes it.

    Raises:
        ErcbenchError: A setting is wrong, or the predictions do not fit the test part.
    """
    files = files_of("predictions", config.predictions)
    seeds = seeds_of(config.seed, files)
    part, manifest_sha256, target = _opened(config)
    runs = expanded(config.runs)
    model = checked_name(config.name)
    order = None if config.labels is None else names_of("labels", config.labels)
    made = [
        _made(part, manifest_sha256, target, model, file, seed, order)
        for file, seed in zip(files, seeds, strict=True)
    ]
    known = known_records(runs)
    for record, _ in made:
        check_free(record, known)
    if len({record.setup.file_sha256 for record, _ in made}) < len(made):
        warnings.warn(f"{model}: two of its files are the same", stacklevel=2)
    for record, rows in made:
        _leave(RunFolder(runs / record.run), record, rows)
    return [record for record, _ in made]


def _listed(values: Sequence[str | Path]) -> str:
    return f"[{','.join(in_quotes(str(value)) for value in values)}]"


def _opened(config: DictConfig) -> tuple[CorpusPart, str, Target]:
    """Returns the test part, the SHA-256 of the manifest of its store, and what is predicted."""
    if config.store is not None:
        config.dataset.store = config.store
    data = instantiate(config.dataset, _convert_="all", features=None, stores=config.stores)
    part = CorpusPart(data.corpus, config.dataset.split)
    return part, data.store.manifest_sha256, data.target


def _made(
    part: CorpusPart,
    manifest_sha256: str,
    target: Target,
    model: str,
    file: Path,
    seed: int,
    order: Sequence[str] | None,
) -> tuple[AddedRecord, list[dict[str, Any]]]:
    """Returns the record of a file, and the rows of its predictions."""
    corpus, split = part.corpus, part.split
    found, labels_only = _answers(part, target, file, order)
    rows = rows_of(part.conversations, corpus.labels, found, labels_only, target)
    setup = AddedSetup(
        model=model,
        corpus=corpus.name,
        simulated=bool(corpus.provenance.get("simulated", False)),
        split=split,
        split_sha256=corpus.split(split).sha256,
        labels=tuple(corpus.labels),
        seed=seed,
        manifest_sha256=manifest_sha256,
        provenance=dict(corpus.provenance),
        file=str(file),
        file_sha256=sha256_of_file(file),
        labels_only=labels_only,
        target=target,
    )
    stands_for = fingerprint(
        {"model": model, "seed": seed, "split": split, "labels": list(setup.labels)},
        {"manifest": setup.manifest_sha256, "rows": rows},
        "",
    )
    name = f"{safe_name(corpus.name)}-{safe_name(model)}-seed{seed}-{stands_for}"
    added = datetime.now(UTC).isoformat(timespec="seconds")
    scores = part.scores(found, labels_only, target)
    return AddedRecord(name, stands_for, setup, scores, added), rows


def _answers(
    part: CorpusPart, target: Target, file: Path, order: Sequence[str] | None
) -> tuple[np.ndarray, bool]:
    """Returns the answers of a file, and whether they are labels alone."""

    def warn(said: str) -> None:
        warnings.warn(said, stacklevel=6)

    corpus = part.corpus
    if target == "score":
        return read_scores(file, corpus, part.split, warn), False
    given = read_predictions(file, corpus.labels)
    found = fit(file, given, corpus, part.split, order, warn)
    if given.labels_only:
        found = np.eye(len(corpus.labels), dtype=np.float32)[found]
    return found, given.labels_only


def _leave(run: RunFolder, record: AddedRecord, rows: list[dict[str, Any]]) -> None:
    with run.locked():
        if run.finished:
            say(f"{record.run}: there already, nothing is added")
            return
        run.write_predictions(rows)
        run.write(record)
        say(f"{run.path}: added")
