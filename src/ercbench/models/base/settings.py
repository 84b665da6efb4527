"""What every model's settings have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

from ercbench.errors import ErcbenchError


@dataclass
class ModelSettings:
    """Settings of any model; each model adds its own and its paper's defaults.

    Attributes:
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        amsgrad: Whether AdamW keeps the maximum of its second moments.
        class_weights: How the emotion loss weighs classes: `inverse` to their share of the
            training utterances, or `none`.
        gradient_clip: Largest norm of a step's gradient; None leaves gradients alone.
        piece_utterances: A batch is worked off in pieces of at most this many utterances, with
            the same gradient and less memory; None takes it whole.

    Raises:
        ErcbenchError: A setting is outside its range.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    amsgrad: bool = False
    class_weights: str = "none"
    gradient_clip: float | None = None
    piece_utterances: int | None = None

    def __post_init__(self) -> None:
        require("learning_rate", self.learning_rate, self.learning_rate > 0, "more than 0")
        require("weight_decay", self.weight_decay, self.weight_decay >= 0, "0 or more")
        one_of("class_weights", self.class_weights, ("none", "inverse"))
        for name in ("gradient_clip", "piece_utterances"):
            found = getattr(self, name)
            require(name, found, found is None or found > 0, "more than 0, or null")


def require(setting: str, found: object, holds: bool, expected: str) -> None:
    """Checks a model setting.

    Raises:
        ErcbenchError: It does not hold; the message names the setting and what was expected.
    """
    if not holds:
        raise ErcbenchError(
            f"model.{setting}={found}: expected {expected}. Change model.{setting}."
        )


def one_of(setting: str, found: str, expected: tuple[str, ...]) -> None:
    """Checks a model setting that is a choice.

    Raises:
        ErcbenchError: It is none of those expected; the message lists them.
    """
    require(setting, found, found in expected, f"one of {', '.join(expected)}")


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
