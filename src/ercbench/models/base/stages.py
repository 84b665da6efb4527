"""Hierarchical training: what is trained when."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage of a training; it starts from the best checkpoint of the one before.

    Attributes:
        learning_rate: Of AdamW.
        name: As in metrics, records and checkpoints; empty if the model has but one stage.
        trains: Names of the network's parts that are trained, `""` for all of it; every other
            part is frozen: it gets no gradient and drops nothing out.
        epochs: Most epochs; None for `trainer.max_epochs`.
    """

    learning_rate: float
    name: str = ""
    trains: tuple[str, ...] = ("",)
    epochs: int | None = None
