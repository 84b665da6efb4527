"""What Weights & Biases shows of a finished run, beyond its curves; a view, never the source."""

from typing import Any

import wandb
from lightning.pytorch.loggers import Logger, WandbLogger


def show_result(
    logger: Logger | None, result: dict[str, Any], predictions: list[dict[str, Any]]
) -> None:
    """Adds the test scores, a confusion matrix and a table per class to a wandb run.

    Args:
        logger: Any logger; all but wandb's are left alone.
        result: The run's result.
        predictions: A row per test utterance.
    """
    if not isinstance(logger, WandbLogger):
        return
    run, labels, test = logger.experiment, result["labels"], result["test"]
    known = [row for row in predictions if row["label"] is not None]
    support = [sum(row["label"] == label for row in known) for label in labels]
    table = wandb.Table(
        columns=["label", "f1", "support"],
        data=[list(row) for row in zip(labels, test["class_f1"], support, strict=True)],
    )
    matrix = wandb.plot.confusion_matrix(
        y_true=[labels.index(row["label"]) for row in known],
        preds=[labels.index(row["predicted"]) for row in known],
        class_names=labels,
    )
    scalars = {f"test/{name}": score for name, score in test.items() if isinstance(score, float)}
    run.log({"test/per_class": table, "test/confusion": matrix})
    run.summary.update(scalars | {"best_epoch": result["best_epoch"]})
    run.finish()
