"""One run: settings to data module, to classifier, to trainer, to run record."""

import json
import resource
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from ercbench.console import say
from ercbench.dashboards.run import make_logger, show_result, shows_transcripts
from ercbench.data.datamodule import ConversationDataModule
from ercbench.data.leakage import guard
from ercbench.files import expanded, remove_leftovers, replacing, sha256_of_text
from ercbench.models.registry import model_of
from ercbench.records.fingerprint import code_fingerprint, fingerprint
from ercbench.records.run_folder import RunFolder
from ercbench.training.as_released import BestOnTest
from ercbench.training.evaluate import judge
from ercbench.training.fit import fit
from ercbench.training.trainer import check_settings, quiet_lightning

# Settings that say where and how, but not what comes out.
BESIDE_THE_POINT = ("runs", "store", "stores", "force", "logger", "group")
# Where the data lie; what they are, their fingerprints say.
PLACES = ("root", "store")


def train(config: DictConfig) -> dict[str, Any]:
    """Trains, chooses the epoch on validation, reads the test part once, leaves a record.

    A run that has finished is not run again, one that was interrupted goes on from its last
    epoch; both end with the same numbers.

    Args:
        config: As `TrainSettings` describes it.

    Returns:
        The contents of `result.json`.

    Raises:
        ErcbenchError: A setting or an input is wrong.
    """
    check_settings(config)
    quiet_lightning()
    if config.store is not None:
        config.dataset.store = config.store
    datamodule = instantiate(
        config.dataset,
        _convert_="all",
        features=config.features,
        stores=config.stores,
        seed=config.seed,
    )
    leaks = guard(
        datamodule.corpus.split(config.dataset.split),
        datamodule.feature_sets,
        config.protocol.allow_leakage,
    )
    record = describe(config, datamodule, leaks)
    run = RunFolder(expanded(config.runs) / record["run"])
    return once(config, run, lambda: fit_and_test(config, datamodule, run, record))


def once(config: DictConfig, run: RunFolder, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Returns the result of a run that has finished, or that of `work`, which finishes it."""
    with run.locked():
        if run.finished and not config.force:
            say(f"{run.path}: finished on {finished_on(run)}, not run again; force=true does.")
            return run.read_result()
        for folder in (run.path, run.checkpoints):
            remove_leftovers(folder)
        write_config(config, run.config)
        if config.force:
            run.last.unlink(missing_ok=True)
        return work()


def finished_on(run: RunFolder) -> str:
    """Returns the minute in which a run finished."""
    written = datetime.fromtimestamp(run.result.stat().st_mtime)
    return written.isoformat(" ", "minutes")


def fit_and_test(
    config: DictConfig, datamodule: ConversationDataModule, run: RunFolder, record: dict[str, Any]
) -> dict[str, Any]:
    """Fits from the beginning or from the last epoch, tests the best one, writes the record."""
    started = time.perf_counter()
    L.seed_everything(config.seed, verbose=False)
    model = instantiate(config.model, _convert_="all", spec=datamodule.spec)
    model.standardise.fit(datamodule.statistics)
    logger = make_logger(config, run.path, record["group"])
    watchers = released_protocol(config, datamodule)
    trainer, stages = fit(config, model, datamodule, run, logger, watchers)
    outputs = judge(trainer, model, datamodule, config.selection.metric)
    result = record | {
        **{name: stages[-1][name] for name in ("best_epoch", "epochs", "validation")},
        "stages": stages,
        "test": outputs["final"].scores["test"],
        "outputs": {name: own.scores for name, own in outputs.items() if name != "final"},
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": peak_memory(model.device),
        "device": str(model.device),
        "versions": {name: version(name) for name in ("ercbench", "torch", "lightning", "numpy")},
    }
    if watchers:
        result["as_released"] = watchers[0].best
    for name, output in outputs.items():
        run.write_predictions(output.rows, name)
    run.write_result(result)
    show_result(logger, result, outputs["final"].rows, run, shows_transcripts(config))
    return run.read_result()


def released_protocol(config: DictConfig, datamodule: ConversationDataModule) -> list[BestOnTest]:
    """Returns what watches the test part, if the protocol wants it watched."""
    if not config.protocol.as_released:
        return []
    return [BestOnTest(datamodule.test_dataloader(), config.selection.metric)]


def describe(
    config: DictConfig, datamodule: ConversationDataModule, leaks: list[dict[str, Any]]
) -> dict[str, Any]:
    """Returns what is known of a run before it starts, its fingerprint and folder name included."""
    split = datamodule.corpus.split(config.dataset.split)
    data = {
        "manifest": datamodule.store.manifest_sha256,
        "features": {s.key: s.metadata["values_sha256"] for s in datamodule.feature_sets},
        "labels": list(datamodule.corpus.labels),
        "split": sha256_of_text(json.dumps(split.parts())),
    }
    settings: Any = OmegaConf.to_container(config, resolve=True)
    settings = {key: value for key, value in settings.items() if key not in BESIDE_THE_POINT}
    settings["dataset"] = {
        key: value for key, value in settings["dataset"].items() if key not in PLACES
    }
    model, code = model_of(config.model._target_), code_of(config)
    mark = fingerprint(settings, data, code)
    return {
        "run": f"{datamodule.corpus.name}-{model}-seed{config.seed}-{mark}",
        "fingerprint": mark,
        "group": config.group or f"{datamodule.corpus.name}-{model}",
        "model": model,
        "corpus": datamodule.corpus.name,
        "simulated": bool(datamodule.corpus.provenance.get("simulated", False)),
        "split": config.dataset.split,
        "features": [s.key for s in datamodule.feature_sets],
        "labels": list(datamodule.corpus.labels),
        "seed": config.seed,
        "leaks": leaks,
        "settings": settings,
        "data": data | {"provenance": dict(datamodule.corpus.provenance)},
        "code": code,
    }


def code_of(config: DictConfig) -> str:
    """Returns the fingerprint of the code of the model, of the data module and of training."""
    classes = [get_class(config[part]._target_) for part in ("model", "dataset")]
    return code_fingerprint([__name__, *(own.__module__ for own in classes)])


def write_config(config: DictConfig, path: Path) -> None:
    """Writes the resolved settings of a run."""
    with replacing(path) as temporary:
        OmegaConf.save(config, temporary, resolve=True)


def peak_memory(device: torch.device) -> int:
    """Returns the most memory in use so far, in bytes: the GPU's, or the process's on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
