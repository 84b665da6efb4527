"""One run: settings to data module, to classifier, to trainer, to run record."""

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import lightning as L
import torch
from hydra.utils import get_class, instantiate
from lightning.pytorch.loggers import Logger, WandbLogger
from omegaconf import DictConfig, OmegaConf

from ercbench.corpora.speakers import validation_speakers_of
from ercbench.dashboards.loggers import make_logger, shows_transcripts
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.labels import check_labels
from ercbench.data.leakage import Leak, guard
from ercbench.errors import ErcbenchError
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.files import (
    expanded,
    safe_name,
    sha256_of_file,
)
from ercbench.metrics import MAIN, METRICS, Target, metrics_of
from ercbench.models.base.trainable import Trainable
from ercbench.models.registry import model_of
from ercbench.processes import how_many, is_first
from ercbench.records.fingerprint import code_fingerprint, fingerprint
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import Execution, RunRecord, RunResults, RunSetup
from ercbench.training.as_released import BestOnTest
from ercbench.training.evaluate import Output, evaluate, has_labels
from ercbench.training.fit import fit
from ercbench.training.once import once
from ercbench.training.sharing import agreed, first_before_others, join
from ercbench.training.trainer import check_settings, quiet_lightning

# Settings that say where and how, but not what comes out.
NOT_IN_FINGERPRINT = ("runs", "store", "stores", "force", "logger", "group", "launcher")
# Where the data lie; what they are, their fingerprints say.
DATA_PATHS = ("root", "store")


@dataclass(frozen=True)
class PlannedRun:
    """A run before it runs: what it is asked, and where it will lie.

    Attributes:
        config: Its settings.
        datamodule: Its data.
        setup: What it is asked.
        fingerprint: Stands for settings, code and data.
        folder: Its folder.
    """

    config: DictConfig
    datamodule: ConversationDataModule
    setup: RunSetup
    fingerprint: str
    folder: RunFolder


def train(config: DictConfig) -> RunRecord:
    """Trains, chooses the epoch on validation, reads the test part once, leaves a record.

    A run that has finished is not run again, one that was interrupted goes on from its last
    epoch; both end with the same numbers.

    Args:
        config: As `TrainSettings` describes it.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    return carry_out(plan(config))


def plan(config: DictConfig) -> PlannedRun:
    """Reads the data of a run and says what it is asked.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    check_settings(config)
    choose_metric(config)
    quiet_lightning()
    join(config)
    with first_before_others():
        datamodule = open_data(config)
    check_labels(datamodule.corpus, config.dataset.split)
    leaks = guard(
        datamodule.corpus.split(config.dataset.split),
        datamodule.feature_sets,
        config.protocol.allow_leakage,
    )
    setup = describe(config, datamodule, leaks)
    stands_for = fingerprint(setup.settings, data_of(setup), setup.code)
    name = f"{safe_name(setup.corpus)}-{setup.model}-seed{setup.seed}-{stands_for}"
    folder = RunFolder(expanded(config.runs) / name)
    return PlannedRun(config, datamodule, setup, stands_for, folder)


def open_data(config: DictConfig) -> ConversationDataModule:
    """Opens the data of a run, whose store is made first if need be.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    if config.store is not None:
        config.dataset.store = config.store
    datamodule: ConversationDataModule = instantiate(
        config.dataset,
        _convert_="all",
        features=config.features,
        stores=config.stores,
        seed=config.seed,
    )
    assert datamodule.store
    return datamodule


def carry_out(
    planned: PlannedRun, watchers: Sequence[L.Callback] = (), quiet: bool = False
) -> RunRecord:
    """Carries out a run unless it has finished.

    Args:
        planned: The run.
        watchers: Callbacks that watch every stage and change no number.
        quiet: Whether no epoch is shown.
    """
    work = partial(fit_and_evaluate, planned, watchers, quiet)
    return once(planned.config, planned.folder, RunRecord, work)


def fit_and_evaluate(planned: PlannedRun, watchers: Sequence[L.Callback], quiet: bool) -> RunRecord:
    """Fits from the beginning or from the last epoch, evaluates the best one, writes the record."""
    started = time.perf_counter()
    config, datamodule, run = planned.config, planned.datamodule, planned.folder
    L.seed_everything(config.seed, verbose=False)
    model = instantiate(config.model, _convert_="all", spec=datamodule.spec)
    model.standardise.fit(datamodule.statistics)
    model.recipes = [recipe.plain() for recipe in planned.setup.features]
    logger = make_logger(config, run.path, planned.setup.group)
    on_test = released_protocol(config, datamodule)
    watched_epochs = config.protocol.released_epochs if on_test else None
    callbacks = [*on_test, *watchers]
    trainer, stages = fit(config, model, datamodule, run, logger, callbacks, watched_epochs, quiet)
    outputs = evaluate(trainer, model, datamodule, config.selection.metric, config.protocol.test)
    watched = list(on_test[0].chosen.values()) if on_test else []
    results = RunResults(
        stages=tuple(stages),
        outputs={name: own.scores for name, own in outputs.items()},
        checkpoint_sha256=sha256_of_file(run.best),
        as_released=watched[-1] if watched else None,
        earlier_as_released=tuple(watched[:-1]),
    )
    execution = describe_execution(model, started)
    record = RunRecord(run.path.name, planned.fingerprint, planned.setup, results, execution)
    return agreed(keep(record, outputs, run, config, logger) if is_first() else None)


def keep(
    record: RunRecord,
    outputs: Mapping[str, Output],
    run: RunFolder,
    config: DictConfig,
    logger: Logger | None,
) -> RunRecord:
    """Writes predictions, then the record, and shows them where there is a dashboard."""
    for name, output in outputs.items():
        if output.rows:
            run.write_predictions(output.rows, name)
    run.write(record)
    if isinstance(logger, WandbLogger):
        from ercbench.dashboards.run import show_result  # needs wandb, which may not be installed

        show_result(logger, record, outputs["final"].rows, run, shows_transcripts(config))
    return run.read(RunRecord)


def describe_execution(model: Trainable, started: float) -> Execution:
    """Returns how a run ran that began at this reading of `time.perf_counter` and ends now."""
    return Execution(
        parameters=sum(p.numel() for p in model.network.parameters()),
        seconds=time.perf_counter() - started,
        peak_memory_bytes=peak_memory(model.device),
        device=str(model.device) if how_many() == 1 else f"{how_many()} x {model.device.type}",
        versions={name: version(name) for name in ("ercbench", "torch", "lightning", "numpy")},
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def released_protocol(config: DictConfig, datamodule: ConversationDataModule) -> list[BestOnTest]:
    """Returns what watches the test part, if the protocol wants that and it has labels."""
    if not config.protocol.as_released or not has_labels(datamodule.part("test")):
        return []
    return [BestOnTest(datamodule.test_dataloader(), config.selection.metric)]


def data_of(setup: RunSetup) -> dict[str, Any]:
    """Returns what stands for the data of a run: all that decides what it learns from."""
    return {
        "manifest": setup.manifest_sha256,
        "features": {recipe.key: recipe.values_sha256 for recipe in setup.features},
        "labels": list(setup.labels),
        "split": setup.split_sha256,
    }


def describe(
    config: DictConfig, datamodule: ConversationDataModule, leaks: tuple[Leak, ...]
) -> RunSetup:
    """Returns what a run is asked."""
    settings: Any = OmegaConf.to_container(config, resolve=True)
    settings = {key: value for key, value in settings.items() if key not in NOT_IN_FINGERPRINT}
    settings["dataset"] = {
        key: value for key, value in settings["dataset"].items() if key not in DATA_PATHS
    }
    if datamodule.target == "labels":  # as ever
        settings["dataset"].pop("target", None)
    corpus, model = datamodule.corpus, model_of(config.model._target_)
    return RunSetup(
        group=config.group or f"{corpus.name}-{model}",
        model=model,
        corpus=corpus.name,
        simulated=bool(corpus.provenance.get("simulated", False)),
        split=config.dataset.split,
        split_sha256=corpus.split(config.dataset.split).sha256,
        labels=tuple(corpus.labels),
        features=tuple(map(FeatureRecipe.of, datamodule.feature_sets)),
        seed=config.seed,
        leaks=leaks,
        settings=settings,
        manifest_sha256=datamodule.store.manifest_sha256,
        provenance=dict(corpus.provenance),
        code=code_of(config),
        validation_speakers=validation_speakers_of(corpus, config.dataset.split),
        target=datamodule.target,
    )


def choose_metric(config: DictConfig) -> None:
    """Sets the selection metric where none is set, and refuses one of another target.

    Raises:
        ErcbenchError: It is a metric of labels where scores are learned, or the reverse.
    """
    # An encoder of single utterances has no dataset, and learns labels.
    target: Target = OmegaConf.select(config, "dataset.target", default="labels")
    name = config.selection.metric = config.selection.metric or MAIN[target]
    if METRICS[name].target != target:
        expected = ", ".join(own.name for own in metrics_of(target) if own.selects)
        raise ErcbenchError(
            f"selection.metric={name}: no metric of {target}; expected one of {expected}. Set one "
            f"of these, or dataset.target={METRICS[name].target}."
        )


def code_of(config: DictConfig) -> str:
    """Returns the fingerprint of the code of the model, of the data module and of training."""
    classes = [get_class(config[part]._target_) for part in ("model", "dataset")]
    return code_fingerprint([__name__, *(own.__module__ for own in classes)])


def peak_memory(device: torch.device) -> int:
    """Returns the most memory in use so far, in bytes: the GPU's, or the process's on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
