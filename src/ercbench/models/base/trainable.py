"""The one place with steps, stages and the optimiser, for everything that is trained here."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import lightning as L
import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE
from ercbench.errors import ErcbenchError
from ercbench.models.base.settings import TrainableSettings
from ercbench.models.base.sharing import (
    Batch,
    average_gradients,
    computed_together,
    mixes_rows,
)
from ercbench.models.base.stages import Stage

# What a checkpoint of ours holds beside Lightning's own.
CHECKPOINT_KEYS = {"classifier", "stage", "hyper_parameters", "state_dict"}


class Trainable(L.LightningModule):
    """Trains a network in one or more stages; a subclass says on what batches.

    Optimisation is manual so that a batch can be worked off in micro-batches under the whole
    batch's normaliser.

    Attributes:
        settings: Of the class `settings_class`.
        spec: What the data is like, a dataclass with `plain()`.
        network: What is trained.
        stage: The stage in which it is; the last one until another is started.
        staged: Whether a stage was started.
        processes: That share its batches.
        recipes: How each feature set that it reads was made, as plain values: enough to encode a
            new clip. They travel with the checkpoint.
    """

    settings_class: ClassVar[type[TrainableSettings]]
    settings: TrainableSettings
    spec: Any
    network: nn.Module
    stage: Stage
    recipes: list[dict[str, Any]]

    def __init__(self, spec: Any, settings: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self.settings = self.settings_class.of(settings)
        self.save_hyperparameters({"spec": spec.plain(), **settings}, logger=False)
        self.automatic_optimization = False
        self.staged = False
        self.processes = 1
        self.recipes = []

    def stages(self) -> list[Stage]:
        """Returns the stages of training, in order; the last one's predictions are the model's."""
        return [Stage(self.settings.learning_rate)]

    @property
    def metric_prefix(self) -> str:
        """What the names of the stage's metrics begin with: nothing in the last stage."""
        return "" if self.stage == self.stages()[-1] else f"{self.stage.name}/"

    def start_stage(self, stage: Stage) -> None:
        """Starts a stage, which the next `Trainer.fit` trains."""
        self.stage, self.staged = stage, True
        self.freeze_others()

    def freeze_others(self) -> None:
        """Freezes whatever the stage does not train."""
        self.network.requires_grad_(False)
        for part in self.stage.trains:
            self.network.get_submodule(part).requires_grad_(True)
        self.train()

    def setup(self, stage: str) -> None:
        """Finds out how many processes share its batches.

        Raises:
            ErcbenchError: The trainer's strategy would deal batches to them instead.
        """
        if self.trainer.world_size > 1 and not hasattr(self.trainer.strategy, "shares_batches"):
            raise ErcbenchError(
                f"{type(self).__name__}: found a Trainer of {self.trainer.world_size} processes, "
                "which would take batches of their own. Start `torchrun --nproc-per-node 2 -m "
                "ercbench train …`, or set devices=1."
            )
        self.processes = self.trainer.world_size

    def teardown(self, stage: str) -> None:
        """Is alone again."""
        self.processes = 1

    def on_fit_start(self) -> None:
        """Refuses a plain `Trainer.fit` of a model that is trained in several stages.

        Raises:
            ErcbenchError: No stage was started.
        """
        names = [stage.name for stage in self.stages()]
        if len(names) > 1 and not self.staged:
            raise ErcbenchError(
                f"{type(self).__name__} is trained in stages ({', '.join(names)}), and a plain "
                "Trainer.fit trains the last one alone, on the random weights of the others. Call "
                "ercbench.training.fit.fit, or start_stage(stage) before each stage's Trainer.fit."
            )

    def train(self, mode: bool = True) -> Self:
        """Puts what the stage trains in training mode; the rest stays in evaluation mode."""
        super().train(mode)
        self.network.eval()
        for part in self.stage.trains:
            self.network.get_submodule(part).train(mode)
        return self

    def shared(self, compute: Callable[[Batch], Any], batch: Batch) -> Any:
        """Returns what `compute` says of a batch; where processes share it, each does a part.

        A model whose losses call its network past this computes the whole batch in each process:
        the same numbers, no sooner.

        Args:
            compute: The network, or a method of it; see `sharing.computed_together`.
            batch: What it is to read.
        """
        if self.processes == 1 or mixes_rows(self.network):
            return compute(batch)
        return computed_together(compute, batch)

    def training_losses(self, micro_batch: Any, batch: Any) -> dict[str, Tensor]:
        """Returns the losses of a micro-batch, averaged over the whole batch.

        Args:
            micro_batch: What to compute.
            batch: What it is cut from, whose labels say what the average is over.

        Returns:
            `loss`, which is minimised, and any parts of it worth a curve.
        """
        raise NotImplementedError

    def preprocess(self, batch: Any) -> Any:
        """Returns a batch as the network reads it."""
        return batch

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """Takes one optimiser step on one batch.

        Raises:
            ErcbenchError: The loss is NaN or infinite.
        """
        optimizer: Any = self.optimizers()
        optimizer.zero_grad()
        ready, totals = self.preprocess(batch), Counter[str]()
        for micro_batch in ready.micro_batches(self.settings.micro_batch_utterances):
            losses = self.training_losses(micro_batch, ready)
            self.manual_backward(losses["loss"])
            totals.update({name: loss.item() for name, loss in losses.items()})
        self._check_finite(totals["loss"])
        if self.processes > 1:
            average_gradients(self.network.parameters())
        self.clip_gradients(optimizer, gradient_clip_val=self.settings.gradient_clip)
        optimizer.step()
        curves = {f"train/{name}": value for name, value in totals.items()}
        self.log_metrics(curves, on_step=False, on_epoch=True, batch_size=count_labelled(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over what the stage trains, at its rate."""
        return self.make_optimizer([p for p in self.network.parameters() if p.requires_grad])

    def make_optimizer(self, parameters: Any) -> torch.optim.Optimizer:
        """Returns AdamW over parameters, or groups of them, as the settings say."""
        return torch.optim.AdamW(
            parameters,
            lr=self.stage.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=True,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes which model the weights belong to, what it reads, how far its training is."""
        checkpoint.update(
            classifier=type(self).__name__, stage=self.stage.name, recipes=self.recipes
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes over how the features it reads were made."""
        self.recipes = checkpoint.get("recipes", [])

    def log_metrics(self, values: dict[str, Any], **options: Any) -> None:
        """Logs values under the stage's name; see `metric_prefix`."""
        self.log_dict({self.metric_prefix + n: value for n, value in values.items()}, **options)

    def _check_finite(self, loss: float) -> None:
        if not torch.isfinite(torch.tensor(loss)):
            raise ErcbenchError(
                f"The training loss became {loss} in epoch {self.current_epoch}. Lower the "
                f"learning rate, now {self.stage.learning_rate}, or set model.gradient_clip=1."
            )


def count_labelled(batch: Any) -> int:
    """Returns the number of labelled utterances in a batch."""
    return int((batch.labels != IGNORE).sum())


def load_weights(model: Trainable, path: Path) -> None:
    """Loads a checkpoint's weights into a model built for the same data.

    Raises:
        ErcbenchError: The file is damaged, or belongs to another model, other settings or other
            features.
    """
    checkpoint = open_checkpoint(path)
    check_owner(model, path, checkpoint)
    take_weights(model, path, checkpoint)


def take_weights(model: Trainable, path: Path, checkpoint: dict[str, Any]) -> None:
    """Gives a model the weights of a checkpoint that was opened.

    Raises:
        ErcbenchError: They are of another architecture.
    """
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise ErcbenchError(
            f"{path}: the weights do not fit this model ({' '.join(str(error).split())[:300]}). "
            "Use the settings they were trained with, or delete the file to train anew."
        ) from None


def check_owner(model: Trainable, path: Path, checkpoint: dict[str, Any]) -> None:
    """Checks that a checkpoint is of this model, for this data.

    Raises:
        ErcbenchError: It belongs to another model or other features.
    """
    found = checkpoint["classifier"], checkpoint["hyper_parameters"]["spec"]
    expected = type(model).__name__, model.spec.plain()
    for what, ours, theirs in zip(("model", "data"), expected, found, strict=True):
        if ours != theirs:
            raise ErcbenchError(
                f"{path}: trained for another {what} ({theirs}); expected {ours}. Use the "
                "settings it was trained with, or delete the file to train anew."
            )


def open_checkpoint(path: Path) -> dict[str, Any]:
    """Reads any checkpoint of ours, without executing anything in it.

    Raises:
        ErcbenchError: The file is damaged or somebody else's.
    """
    try:
        checkpoint: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise _unreadable(path, type(error).__name__) from None
    if not isinstance(checkpoint, dict) or not checkpoint.keys() >= CHECKPOINT_KEYS:
        raise _unreadable(path, "other contents")
    return checkpoint


def _unreadable(path: Path, found: str) -> ErcbenchError:
    return ErcbenchError(
        f"{path}: not a readable ercbench checkpoint ({found}). Delete it to train anew, or give "
        "another."
    )
