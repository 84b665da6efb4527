"""What Weights & Biases shows of finished runs, beyond their curves; a view, never the source."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import wandb
from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger, WandbLogger
from omegaconf import DictConfig, OmegaConf

from ercbench.evaluation.tables.wording import tags_of
from ercbench.records.run_folder import RunFolder

# The most characters that wandb takes everywhere, and in titles.
LONGEST_NAME, LONGEST_TITLE = 64, 128


def make_logger(config: DictConfig, folder: Path, group: str) -> Logger | None:
    """Returns the logger that the settings name, if any; a resumed run goes on in the same one.

    Args:
        config: All settings of the run, which the logger shows; `logger` names it.
        folder: The run's; wandb writes there, and shows the folder's name.
        group: Under which runs are grouped.
    """
    settings = {name: own for name, own in (config.logger or {}).items() if name != "transcripts"}
    if not settings:
        return None
    name = folder.name
    titles = {"name": name[-LONGEST_TITLE:], "group": group[:LONGEST_TITLE]}
    logger = instantiate(settings, save_dir=folder, id=safe_name(name), **titles)
    logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger


def shows_transcripts(config: DictConfig) -> bool:
    """Tells whether the settings let the logger show what was said."""
    return bool((config.logger or {}).get("transcripts", False))


def safe_name(name: str) -> str:
    """Returns a name as wandb takes it: letters, digits and `_-.` alone, and only its end.

    The end of a run's name is its fingerprint, so that no two runs get the same.
    """
    return re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)[-LONGEST_NAME:]


def show_result(
    logger: Logger | None,
    result: dict[str, Any],
    predictions: list[dict[str, Any]],
    folder: RunFolder,
    transcripts: bool = False,
) -> None:
    """Adds scores, confusion matrix, F1 per class, predictions and checkpoint to a wandb run.

    Args:
        logger: Any logger; all but wandb's are left alone.
        result: The run's result.
        predictions: A row per test utterance.
        folder: Where its best checkpoint lies.
        transcripts: Whether what was said may leave this machine too.
    """
    if not isinstance(logger, WandbLogger):
        return
    run = logger.experiment
    tags = [tag[:LONGEST_NAME] for tag in tags_of(result)]
    run.tags = tuple(dict.fromkeys((*(run.tags or ()), *tags)))
    hidden = () if transcripts else ("text",)
    run.log(
        {
            "test/per_class": per_class(result, predictions),
            "test/confusion": confusion(result, predictions),
            "test/predictions": rows_table(predictions, hidden),
        }
    )
    run.summary.update(summary(result))
    run.log_artifact(checkpoint(result, folder))
    run.finish()


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the scores by which runs are listed; sweeps choose by those on validation."""
    parts = [("test", result["test"]), ("validation", result["validation"])]
    if "as_released" in result:
        parts.append(("as_released", result["as_released"]["test"]))
    scores = {
        f"{part}/{name}": score
        for part, own in parts
        for name, score in own.items()
        if isinstance(score, float)
    }
    return scores | {"best_epoch": result["best_epoch"]}


def per_class(result: dict[str, Any], predictions: list[dict[str, Any]]) -> wandb.Table:
    """Returns the F1 and the support of every label."""
    said = [row["label"] for row in predictions]
    support = [said.count(label) for label in result["labels"]]
    rows = zip(result["labels"], result["test"]["class_f1"], support, strict=True)
    return wandb.Table(columns=["label", "f1", "support"], data=[list(row) for row in rows])


def confusion(result: dict[str, Any], predictions: list[dict[str, Any]]) -> Any:
    """Returns the plot of the confusion matrix."""
    labels, known = result["labels"], [row for row in predictions if row["label"] is not None]
    return wandb.plot.confusion_matrix(
        y_true=[labels.index(row["label"]) for row in known],
        preds=[labels.index(row["predicted"]) for row in known],
        class_names=labels,
    )


def rows_table(rows: list[dict[str, Any]], hidden: Sequence[str]) -> wandb.Table:
    """Returns rows that all have the same keys as a table, without the hidden columns."""
    shown = [name for name in rows[0] if name not in hidden]
    return wandb.Table(columns=[*shown], data=[[row[name] for name in shown] for row in rows])


def checkpoint(result: dict[str, Any], folder: RunFolder) -> wandb.Artifact:
    """Returns the best checkpoint as an artifact, taken from where it lies without a copy."""
    about = {name: result[name] for name in ("model", "corpus", "seed", "fingerprint", "code")}
    artifact = wandb.Artifact(safe_name(result["run"]), type="model", metadata=about)
    artifact.add_file(str(folder.best), policy="immutable")
    return artifact
