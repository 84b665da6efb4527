"""What every model's settings have in common."""

from dataclasses import dataclass
from enum import Enum

from ercbench.errors import ErcbenchError


class ClassWeights(Enum):
    """How the emotion loss weighs the classes."""

    NONE = "none"
    INVERSE = "inverse"


@dataclass
class ModelSettings:
    """Settings of any model; each model adds its own and its paper's defaults.

    Attributes:
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        amsgrad: Whether AdamW keeps the maximum of its second moments.
        class_weights: `INVERSE` weighs a class by the inverse of its share of the training
            utterances.

    Raises:
        ErcbenchError: A setting is outside its range.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    amsgrad: bool = False
    class_weights: ClassWeights = ClassWeights.NONE

    def __post_init__(self) -> None:
        require("learning_rate", self.learning_rate, self.learning_rate > 0, "more than 0")
        require("weight_decay", self.weight_decay, self.weight_decay >= 0, "0 or more")


def require(setting: str, found: object, holds: bool, expected: str) -> None:
    """Checks a model setting.

    Raises:
        ErcbenchError: It does not hold; the message names the setting and what was expected.
    """
    if not holds:
        raise ErcbenchError(
            f"model.{setting}={found}: expected {expected}. Change model.{setting}."
        )
