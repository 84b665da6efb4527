"""A dialogue model as its contract meets it: a class, its settings, what it cannot do without."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import lightning as L
import torch
from hydra.utils import get_class
from torch import Tensor

from ercbench.config.compose import model_settings
from ercbench.data.batch import ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.stages import Stage
from ercbench.models.registry import MODELS, Model
from ercbench.testing.clauses import NotAskedError
from ercbench.testing.dialogues import LABELS, WIDTHS

# What a class that nobody registered is given of the settings that every model has.
COMMON = {
    "learning_rate": 1e-2,
    "weight_decay": 0.0,
    "amsgrad": False,
    "class_weights": "none",
    "gradient_clip": None,
    "micro_batch_utterances": None,
}


@dataclass(frozen=True)
class Candidate:
    """A model that is checked.

    Attributes:
        kind: Its class.
        settings: Its settings by name.
        requires: Modalities without which it cannot be built.
    """

    kind: type[ConversationClassifier]
    settings: Mapping[str, Any]
    requires: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, model: str | type[ConversationClassifier], settings: Mapping[str, Any] | None = None
    ) -> "Candidate":
        """Returns a candidate.

        Args:
            model: A registered name, or a class.
            settings: That differ: of a registered model from those of `conf/model/<name>.yaml` at
                its size for tests, of another class from `COMMON`.

        Raises:
            ErcbenchError: No model of that name is registered.
        """
        entry = _entry(model)
        if entry is None:
            assert not isinstance(model, str)
            return cls(model, COMMON | dict(settings or {}))
        chosen = vars(model_settings(entry.name, **{**entry.tiny, **(settings or {})}))
        own = {name: value for name, value in chosen.items() if name != "_target_"}
        return cls(get_class(entry.target), own, entry.requires)

    def has(self, setting: str) -> bool:
        """Returns whether the model has a setting of that name."""
        return setting in {field.name for field in fields(self.kind.settings_class)}

    def build(
        self, widths: Mapping[str, int] = WIDTHS, seed: int = 0, **changes: Any
    ) -> ConversationClassifier:
        """Returns the model for made-up data.

        Its biases and other vectors are random, so that none is 0 and hides what it does.

        Args:
            widths: Modality to feature width.
            seed: Of the weights.
            changes: Settings that are different.
        """
        L.seed_everything(seed, verbose=False)
        model = self.kind(_spec(widths), **(self._settings_for(widths) | changes))
        for parameter in model.network.parameters():
            if parameter.ndim == 1:
                torch.nn.init.normal_(parameter, std=0.1)
        model.standardise.fit(_statistics(widths))
        return model

    def _settings_for(self, widths: Mapping[str, int]) -> dict[str, Any]:
        """Returns the settings, a model that turns around one modality around one there is."""
        if self.has("primary") and self.settings.get("primary") not in widths:
            return {**self.settings, "primary": next(iter(widths))}
        return dict(self.settings)


def ask_what_learns(model: ConversationClassifier) -> None:
    """Goes on if the model learns anything.

    Raises:
        NotAskedError: The learning rate of each of its stages is 0.
    """
    if not any(stage.learning_rate for stage in model.stages()):
        raise NotAskedError("it learns nothing.")


def in_every_stage(model: ConversationClassifier) -> Iterator[Stage]:
    """Enters one stage after the other."""
    for stage in model.stages():
        model.start_stage(stage)
        yield stage


def logits_by_id(
    model: ConversationClassifier, batches: Iterable[ConversationBatch]
) -> dict[tuple[str, str], Tensor]:
    """Returns (output, conversation) to its [L, C] logits in evaluation."""
    model.eval()
    with torch.no_grad():
        return {
            (name, id): logits[i, batch.mask[i]]
            for batch in batches
            for name, logits in model.outputs(batch).items()
            for i, id in enumerate(batch.conversation_ids)
        }


def _entry(model: str | type[ConversationClassifier]) -> Model | None:
    if isinstance(model, str):
        return MODELS[model]
    target = f"{model.__module__}.{model.__qualname__}"
    return next((entry for entry in MODELS if entry.target == target), None)


def _spec(widths: Mapping[str, int]) -> DataSpec:
    labels = [f"label{number}" for number in range(LABELS)]
    return DataSpec(dict(widths), labels, list(range(LABELS, 0, -1)), shift_rate=0.6)


def _statistics(widths: Mapping[str, int]) -> dict[str, tuple[Tensor, Tensor]]:
    """Returns modality to a [D] mean that is not 0 and a [D] deviation that is not 1."""
    random = torch.Generator().manual_seed(0)
    return {
        m: (torch.randn(width, generator=random), torch.rand(width, generator=random) + 0.5)
        for m, width in widths.items()
    }
