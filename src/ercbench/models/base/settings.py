"""What the settings of everything that is trained here have in common."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from ercbench.errors import ErcbenchError
from ercbench.settings import ClassSettings, Count, NonNegative, Positive, Share, one_of


@dataclass(kw_only=True)
class TrainableSettings(ClassSettings):
    """Settings of anything that is trained, a dialogue model or an encoder.

    Attributes:
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        amsgrad: Whether AdamW keeps the maximum of its second moments.
        class_weights: How the emotion loss weighs classes: `inverse` to their share of the
            training utterances, or `none`.
        gradient_clip: Largest norm of a step's gradient; None leaves gradients alone.
        micro_batch_utterances: A batch is worked off in micro-batches of at most this many
            utterances, with the same gradient and less memory; None takes it whole.
    """

    learning_rate: Positive
    weight_decay: NonNegative
    amsgrad: bool
    class_weights: Annotated[str, one_of("none", "inverse")]
    gradient_clip: Positive | None
    micro_batch_utterances: Count | None


@dataclass(kw_only=True)
class ModelSettings(TrainableSettings):
    """Settings of any dialogue model; each model adds its own.

    Attributes:
        modality_dropout: Share of training utterances that lose one of their modalities, so that
            a model learns to do without; at least one stays.
    """

    modality_dropout: Share


def primary_first(primary: str, modalities: Iterable[str], model: str) -> list[str]:
    """Returns the modalities with the primary one first.

    Raises:
        ErcbenchError: It is not among them.
    """
    names = list(modalities)
    if primary not in names:
        raise ErcbenchError(
            f"model.primary={primary}: {model}'s fusion turns around this modality, but the "
            f"features are {', '.join(names)}. Add it to features, or set "
            f"model.primary={names[0]}."
        )
    return [primary, *(name for name in names if name != primary)]
