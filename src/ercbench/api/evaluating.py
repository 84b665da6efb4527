"""Trained models on another corpus, or on another part of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig

from ercbench.api.run import Run
from ercbench.config.arguments import in_quotes
from ercbench.config.compose import compose
from ercbench.console import say
from ercbench.corpora.conversation import Corpus, Split
from ercbench.corpora.registry import usual_split
from ercbench.data.batch import collate
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.label_map import LabelMap, label_map
from ercbench.data.leakage import find_leaks
from ercbench.data.prepared import PreparedDataModule
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.likeness import alike_sets
from ercbench.features.store.catalog import open_store
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.files import expanded, safe_name
from ercbench.records.adding.names import files_of
from ercbench.records.corpus_part import CorpusPart
from ercbench.records.evaluation_record import EvaluationRecord, EvaluationSetup
from ercbench.records.fingerprint import fingerprint
from ercbench.records.prediction_rows import rows_of
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunSetup

_Prepared = tuple[Run, ConversationDataModule, CorpusPart, EvaluationSetup]


def evaluate_runs(
    runs: str | Path | Sequence[str | Path],
    store: str,
    split: str | None = None,
    part: str | None = None,
    label_map: str | Path | None = None,
    evaluations: str | Path = "evaluations",
    stores: str | Path = "stores",
) -> list[EvaluationRecord]:
    """Evaluates runs on a store that they were not trained on.

    Args:
        runs: Folders of runs, or patterns of them.
        store: Name of the store; it has features of the same recipes as the runs'.
        split: Of its corpus; None for its usual one.
        part: `test`, `train`, `validation` or `all`; None for test, of which no run may have seen
            anything.
        label_map: A name in `conf/label_map`, or a YAML file; None if labels are the same.
        evaluations: Folder of the records, which `ercbench report` shows.
        stores: Folder of the feature stores.

    Raises:
        ErcbenchError: A setting is wrong, features or labels do not fit, or a run has seen what it
            is evaluated on.
    """
    several = [runs] if isinstance(runs, (str, Path)) else runs
    given = {"split": split, "part": part, "labels.map": label_map}
    settings = [
        f"run=[{','.join(in_quotes(str(run)) for run in several)}]",
        f"store={in_quotes(store)}",
        *(f"{name}={in_quotes(str(own))}" for name, own in given.items() if own is not None),
        f"evaluations={in_quotes(str(evaluations))}",
        f"stores={in_quotes(str(stores))}",
    ]
    return evaluate_on(compose("evaluate", settings))


def evaluate_on(config: DictConfig) -> list[EvaluationRecord]:
    """Evaluates the runs that the settings name.

    Args:
        config: As `EvaluateSettings` describes it.

    Raises:
        ErcbenchError: As `evaluate_runs` does.
    """
    runs = [Run(folder) for folder in files_of("run", config.run)]
    store = open_store(expanded(config.stores), config.store)
    prepared = [_prepared(run, store, config) for run in runs]
    return [_evaluated(*own, expanded(config.evaluations)) for own in prepared]


def _prepared(run: Run, store: FeatureStore, config: DictConfig) -> _Prepared:
    """Returns a run, what it is evaluated on, and what the record says of that."""
    split = config.split or _usual_split(run, store.corpus)
    keys = alike_sets(run.record.setup.features, store)
    own, dataset = run.record.setup.target, run.record.setup.settings["dataset"]
    batches = {name: dataset[name] for name in ("batch_size", "window")}
    data = PreparedDataModule(
        config.store, config.stores, split, features=keys, target=own, **batches
    )
    target = CorpusPart(data.corpus, split, config.part or "test")
    setup = _setup(run, data, target, config.labels.map, strict=config.part is None)
    return run, data, target, setup


def _usual_split(run: Run, corpus: Corpus) -> str:
    """Returns the run's own split where it was trained on this corpus, else the corpus's usual one.

    Raises:
        ErcbenchError: There is none.
    """
    trained = run.record.setup
    own = trained.corpus == corpus.name and trained.split in corpus.splits
    split = trained.split if own else usual_split(corpus)
    if split is None:
        raise ErcbenchError(
            f"split is not set, and {corpus.name} has several: "
            f"{', '.join(corpus.splits) or 'none'}. Set split=NAME."
        )
    return split


def _setup(
    run: Run, data: ConversationDataModule, target: CorpusPart, given: str | None, strict: bool
) -> EvaluationSetup:
    corpus, trained = target.corpus, run.record.setup
    ids = tuple(own.id for own in target.conversations)
    seen = _seen(trained, corpus, ids)
    if seen and strict:
        raise ErcbenchError(
            f"{run.folder.path}: was trained, or chose its epoch, on {seen} of the {len(ids)} test "
            f"conversations of {corpus.name}, split {target.split}. Set split={trained.split}, or "
            "part=test to go on with every table marked."
        )
    leaks = tuple(find_leaks(Split((), (), ids), data.feature_sets))
    if leaks and strict:
        raise ErcbenchError(
            f"Leakage: the features {leaks[0]}, so the score would not be what it seems. Prepare "
            "other features, or set part=test to go on with every table marked."
        )
    return EvaluationSetup(
        trained=run.record,
        corpus=corpus.name,
        simulated=bool(corpus.provenance.get("simulated", False)),
        split=target.split,
        part=target.part,
        conversations=len(ids),
        seen=seen,
        labels=tuple(corpus.labels),
        label_map=dict(_map(given, trained, corpus).to),
        features=tuple(map(FeatureRecipe.of, data.feature_sets)),
        leaks=leaks,
        manifest_sha256=data.store.manifest_sha256,
        provenance=dict(corpus.provenance),
    )


def _map(given: str | None, trained: RunSetup, corpus: Corpus) -> LabelMap:
    """Returns what the run's labels become, which is nothing else where it predicts scores.

    Raises:
        ErcbenchError: Labels differ and there is no map, it does not fit, or scores are predicted.
    """
    if trained.target == "score" and given is not None:
        raise ErcbenchError(
            f"labels.map={given}: the run predicts scores, which no map of labels changes. Leave "
            "it out."
        )
    return label_map(given, trained.labels, corpus.labels)


def _seen(trained: RunSetup, corpus: Corpus, ids: Sequence[str]) -> int:
    """Returns how many conversations a run was trained on or chose its epoch by.

    Raises:
        ErcbenchError: Nobody can tell, since the corpus has not the run's split.
    """
    made_otherwise = trained.simulated and trained.provenance != dict(corpus.provenance)
    if trained.corpus != corpus.name or made_otherwise:
        return 0
    if trained.split not in corpus.splits:
        raise ErcbenchError(
            f"store: its corpus {corpus.name} has no split '{trained.split}', by which the run was "
            "trained, so that nobody can tell what it has seen. Take a store that has it."
        )
    home = corpus.split(trained.split)
    return len({*home.train, *home.validation} & set(ids))


def _evaluated(
    run: Run,
    data: ConversationDataModule,
    target: CorpusPart,
    setup: EvaluationSetup,
    evaluations: Path,
) -> EvaluationRecord:
    """Returns the record of an evaluation, made now unless it is there."""
    stands_for = fingerprint(
        {"split": setup.split, "part": setup.part, "labels": setup.label_map},
        {
            "run": run.record.fingerprint,
            "checkpoint": run.record.results.checkpoint_sha256,
            "manifest": setup.manifest_sha256,
            "features": [recipe.values_sha256 for recipe in setup.features],
        },
        "",
    )
    on = safe_name(f"{setup.corpus}{len(setup.labels)}")
    folder = RunFolder(evaluations / f"{run.record.run}-on-{on}-{stands_for}")
    with folder.locked():
        if folder.finished:
            say(f"{folder.path.name}: there already, not evaluated again")
            return folder.read_evaluation()
        mapped = _answers(run, data, target)
        if setup.target == "labels":
            mapped = LabelMap(setup.labels, setup.label_map).apply(mapped)
        record = EvaluationRecord(
            folder.path.name,
            stands_for,
            setup,
            target.scores(mapped, target=setup.target),
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        rows = rows_of(target.conversations, setup.labels, mapped, target=setup.target)
        folder.write_predictions(rows)
        folder.write(record)
        return record


def _answers(run: Run, data: ConversationDataModule, target: CorpusPart) -> np.ndarray:
    """Returns the run's [N, C] probabilities, or scores, each conversation by itself."""
    part = data.dataset({own.id for own in target.conversations})
    found = []
    with torch.inference_mode():
        for item in range(len(part)):
            logits = run.model.outputs(collate([part[item]]))["final"]  # [1, L, C]
            found.append(run.model.answers(logits[0].float()).numpy())
    return np.concatenate(found)
