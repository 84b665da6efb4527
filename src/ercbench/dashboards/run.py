"""What Weights & Biases shows of finished runs, beyond their curves; a view, never the source."""

from typing import Any

import wandb
from lightning.pytorch.loggers import Logger, WandbLogger

from ercbench.evaluation.tables.wording import tags_of
from ercbench.records.run_folder import RunFolder


def show_result(
    logger: Logger | None,
    result: dict[str, Any],
    predictions: list[dict[str, Any]],
    folder: RunFolder,
) -> None:
    """Adds scores, confusion matrix, F1 per class, predictions and checkpoint to a wandb run.

    Args:
        logger: Any logger; all but wandb's are left alone.
        result: The run's result.
        predictions: A row per test utterance.
        folder: Where its best checkpoint lies.
    """
    if not isinstance(logger, WandbLogger):
        return
    run = logger.experiment
    run.tags = tuple(dict.fromkeys((*(run.tags or ()), *tags_of(result))))
    run.log(
        {
            "test/per_class": per_class(result, predictions),
            "test/confusion": confusion(result, predictions),
            "test/predictions": rows_table(predictions),
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


def rows_table(rows: list[dict[str, Any]]) -> wandb.Table:
    """Returns rows that all have the same keys as a table."""
    return wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])


def checkpoint(result: dict[str, Any], folder: RunFolder) -> wandb.Artifact:
    """Returns the best checkpoint as an artifact, taken from where it lies without a copy."""
    about = {name: result[name] for name in ("model", "corpus", "seed", "fingerprint", "code")}
    artifact = wandb.Artifact(result["run"], type="model", metadata=about)
    artifact.add_file(str(folder.best), policy="immutable")
    return artifact
