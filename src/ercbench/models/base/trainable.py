"""The one place with steps, stages and the optimiser, for everything that is trained here."""

from collections import Counter
from typing import Any, ClassVar, Self

import lightning as L
import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE
from ercbench.errors import ErcbenchError
from ercbench.models.base.settings import ModelSettings
from ercbench.models.base.stages import Stage


class Trainable(L.LightningModule):
    """Trains a network in one or more stages; a subclass says on what batches, and how to judge.

    Optimisation is manual so that a batch can be worked off in pieces under the whole batch's
    normaliser.

    Attributes:
        settings: Of the class `settings_class`.
        spec: What the data is like, a dataclass with `plain()`.
        network: What is trained.
        stage: The stage in which it is.
    """

    settings_class: ClassVar[type[ModelSettings]]
    settings: ModelSettings
    spec: Any
    network: nn.Module
    stage: Stage

    def __init__(self, spec: Any, settings: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self.settings = self.settings_class(**settings)
        self.save_hyperparameters({"spec": spec.plain(), **settings}, logger=False)
        self.automatic_optimization = False

    def stages(self) -> list[Stage]:
        """Returns the stages of training, in order; the last one's predictions are the model's."""
        return [Stage(self.settings.learning_rate)]

    def begin(self, stage: Stage) -> None:
        """Enters a stage: freezes whatever it does not train."""
        self.stage = stage
        self.network.requires_grad_(False)
        for part in stage.trains:
            self.network.get_submodule(part).requires_grad_(True)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Puts what the stage trains in training mode; the rest stays in evaluation mode."""
        super().train(mode)
        self.network.eval()
        for part in self.stage.trains:
            self.network.get_submodule(part).train(mode)
        return self

    def training_losses(self, piece: Any, whole: Any) -> dict[str, Tensor]:
        """Returns the losses of a piece of a batch, averaged over the whole batch.

        Args:
            piece: What to compute.
            whole: The batch it is a piece of, whose labels say what the average is over.

        Returns:
            `loss`, which is minimised, and any parts of it worth a curve.
        """
        raise NotImplementedError

    def prepared(self, batch: Any) -> Any:
        """Returns a batch as the network reads it."""
        return batch

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """Takes one optimiser step on one batch.

        Raises:
            ErcbenchError: The loss is NaN or infinite.
        """
        optimizer: Any = self.optimizers()
        optimizer.zero_grad()
        whole, totals = self.prepared(batch), Counter[str]()
        for piece in whole.pieces(self.settings.piece_utterances):
            losses = self.training_losses(piece, whole)
            self.manual_backward(losses["loss"])
            totals.update({name: loss.item() for name, loss in losses.items()})
        self._check_finite(totals["loss"])
        self.clip_gradients(optimizer, gradient_clip_val=self.settings.gradient_clip)
        optimizer.step()
        curves = {f"train/{name}": value for name, value in totals.items()}
        self.tell(curves, on_step=False, on_epoch=True, batch_size=labelled(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over what the stage trains, at its rate."""
        return torch.optim.AdamW(
            [p for p in self.network.parameters() if p.requires_grad],
            lr=self.stage.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=True,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes which model the weights belong to, and how far its training has come."""
        checkpoint.update(classifier=type(self).__name__, stage=self.stage.name)

    def tell(self, values: dict[str, Any], **options: Any) -> None:
        """Logs values under the stage's name."""
        self.log_dict({self.stage.prefix + n: value for n, value in values.items()}, **options)

    def _check_finite(self, loss: float) -> None:
        if not torch.isfinite(torch.tensor(loss)):
            raise ErcbenchError(
                f"The training loss became {loss} in epoch {self.current_epoch}. Lower the "
                f"learning rate, now {self.stage.learning_rate}, or set model.gradient_clip=1."
            )


def labelled(batch: Any) -> int:
    """Returns the number of labelled utterances in a batch."""
    return int((batch.labels != IGNORE).sum())


def load_weights(model: Trainable, path: str) -> None:
    """Loads a checkpoint's weights into a model built for the same data.

    Raises:
        ErcbenchError: The file is damaged, or belongs to another model, other settings or other
            features.
    """
    checkpoint = read_checkpoint(model, path)
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise ErcbenchError(
            f"{path}: the weights do not fit this model ({' '.join(str(error).split())[:300]}). "
            "Use the settings they were trained with, or delete the file to train anew."
        ) from None


def read_checkpoint(model: Trainable, path: str) -> dict[str, Any]:
    """Reads a checkpoint, without executing anything in it, and checks whose it is.

    Raises:
        ErcbenchError: The file is damaged, or belongs to another model or other features.
    """
    checkpoint = open_checkpoint(path)
    found = checkpoint["classifier"], checkpoint["hyper_parameters"]["spec"]
    expected = type(model).__name__, model.spec.plain()
    for what, ours, theirs in zip(("model", "data"), expected, found, strict=True):
        if ours != theirs:
            raise ErcbenchError(
                f"{path}: trained for another {what} ({theirs}); expected {ours}. Use the "
                "settings it was trained with, or delete the file to train anew."
            )
    return checkpoint


def open_checkpoint(path: str) -> dict[str, Any]:
    """Reads any checkpoint of ours, without executing anything in it.

    Raises:
        ErcbenchError: The file is damaged or somebody else's.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        checkpoint["classifier"], checkpoint["hyper_parameters"]["spec"], checkpoint["state_dict"]
    except Exception as error:
        raise ErcbenchError(
            f"{path}: not a readable ercbench checkpoint ({type(error).__name__}). Delete it to "
            "train anew, or give another."
        ) from None
    return checkpoint
