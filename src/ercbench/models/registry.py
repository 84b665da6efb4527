"""Which dialogue models and which trainable utterance encoders there are; needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ercbench.registry import Registry


@dataclass(frozen=True)
class Model:
    """A dialogue model: a network that labels every utterance of a conversation.

    Attributes:
        name: As in `model=<name>`, in file names and run records.
        title: As in tables.
        summary: What it is, in a line.
        settings: The dataclass of its settings.
        target: The `ConversationClassifier`, as `package.module.Class`.
        reconstruction: Why it is one, if no code of the paper's was there to follow.
        requires: Modalities without which it cannot be built.
        tunable: Whether any of its settings decides its numbers.
        tiny: Settings at a size for tests.
        conf: Hydra's search path of another package's settings, `pkg://package.conf`, in which
            `model/<name>.yaml` lies.
    """

    name: str
    title: str
    summary: str
    settings: type
    target: str
    reconstruction: str = ""
    requires: tuple[str, ...] = ()
    tunable: bool = True
    tiny: Mapping[str, Any] = field(default_factory=dict)
    conf: str | None = None


@dataclass(frozen=True)
class TrainableEncoder:
    """An utterance encoder that `ercbench finetune` trains.

    Attributes:
        name: As in `encoder=<name>`.
        title: As in tables.
        summary: What it is, in a line.
        modality: What it reads: `text`, `audio` or `visual`.
        settings: The dataclass of its settings.
        target: The `UtteranceEmbedder`, as `package.module.Class`.
    """

    name: str
    title: str
    summary: str
    modality: str
    settings: type
    target: str


MODELS: Registry[Model] = Registry("model", "ercbench.models", "MODELS", "ercbench.models", Model)
TRAINABLE_ENCODERS: Registry[TrainableEncoder] = Registry(
    "encoder", "ercbench.models", "ENCODERS", "ercbench.trainable_encoders", TrainableEncoder
)


def model_of(target: str) -> str:
    """Returns the name under which a class is registered, or else the class's own."""
    names = [model.name for model in MODELS if model.target == target]
    return names[0] if names else target.split(".")[-1].lower()


def title_of(name: str) -> str:
    """Returns a model's title, or its name if nobody registered it."""
    return MODELS[name].title if name in MODELS else name


def is_tunable(name: str) -> bool:
    """Returns whether a model has anything to tune, as one that nobody registered may have."""
    return MODELS[name].tunable if name in MODELS else True


def reconstruction_of(name: str) -> str:
    """Returns why a model is a reconstruction; nothing if it is none."""
    return MODELS[name].reconstruction if name in MODELS else ""
