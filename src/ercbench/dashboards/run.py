"""What Weights & Biases shows of finished runs, beyond their curves; a view, never the source."""

from collections.abc import Mapping, Sequence
from typing import Any

import wandb
from lightning.pytorch.loggers import WandbLogger

from ercbench.dashboards.loggers import LONGEST_NAME, wandb_id
from ercbench.evaluation.tables.wording import tags_of
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord, RunResults
from ercbench.records.scores import Scores


def show_result(
    logger: WandbLogger,
    record: RunRecord,
    predictions: list[dict[str, Any]],
    folder: RunFolder,
    transcripts: bool = False,
) -> None:
    """Adds scores, confusion matrix, F1 per class, predictions and checkpoint to a wandb run.

    Args:
        logger: Of the run.
        record: The run's record.
        predictions: A row per test utterance.
        folder: Where its best checkpoint lies.
        transcripts: Whether what was said may leave this machine too.
    """
    run = logger.experiment
    tags = [tag[:LONGEST_NAME] for tag in tags_of(record)]
    run.tags = tuple(dict.fromkeys((*(run.tags or ()), *tags)))
    run.log({"test/predictions": rows_table(predictions, () if transcripts else ("text",))})
    if record.results.test:
        labels = record.setup.labels
        run.log(
            {
                "test/per_class": per_class(labels, record.results.test),
                "test/confusion": confusion(labels, predictions),
            }
        )
    run.summary.update(summary(record.results))
    run.log_artifact(checkpoint(record, folder))
    run.finish()


def summary(results: RunResults) -> dict[str, float | None]:
    """Returns the scores by which runs are listed; sweeps choose by those on validation."""
    parts: dict[str, Mapping[str, float | None]] = {"validation": results.chosen.validation}
    if results.test:
        parts["test"] = results.test.values
    if results.as_released:
        parts["as_released"] = results.as_released.test.values
    scores = {f"{part}/{name}": score for part, own in parts.items() for name, score in own.items()}
    return scores | {"best_epoch": results.chosen.best_epoch}


def per_class(labels: Sequence[str], scores: Scores) -> wandb.Table:
    """Returns the F1 and the support of every label."""
    support = [sum(row) for row in scores.confusion]
    rows = zip(labels, scores.class_f1, support, strict=True)
    return wandb.Table(columns=["label", "f1", "support"], data=[list(row) for row in rows])


def confusion(labels: Sequence[str], predictions: list[dict[str, Any]]) -> Any:
    """Returns the plot of the confusion matrix."""
    known = [row for row in predictions if row["label"] is not None]
    return wandb.plot.confusion_matrix(
        y_true=[labels.index(row["label"]) for row in known],
        preds=[labels.index(row["predicted"]) for row in known],
        class_names=list(labels),
    )


def rows_table(rows: list[dict[str, Any]], hidden: Sequence[str]) -> wandb.Table:
    """Returns rows that all have the same keys as a table, without the hidden columns."""
    shown = [name for name in rows[0] if name not in hidden]
    return wandb.Table(columns=[*shown], data=[[row[name] for name in shown] for row in rows])


def checkpoint(record: RunRecord, folder: RunFolder) -> wandb.Artifact:
    """Returns the best checkpoint as an artifact, taken from where it lies without a copy."""
    setup = record.setup
    about = {
        **{"model": setup.model, "corpus": setup.corpus, "seed": setup.seed, "code": setup.code},
        **{"fingerprint": record.fingerprint, "sha256": record.results.checkpoint_sha256},
    }
    artifact = wandb.Artifact(wandb_id(record.run), type="model", metadata=about)
    artifact.add_file(str(folder.best), policy="immutable")
    return artifact
