"""The settings of CFN-ESA."""

from dataclasses import dataclass
from typing import Annotated

from ercbench.models.base.settings import ModelSettings
from ercbench.settings import Count, DropoutRate, NonNegative, at_least, one_of, require


@dataclass(kw_only=True)
class CFNESASettings(ModelSettings):
    """Sizes and training of CFN-ESA.

    Attributes:
        hidden: Width D of every modality after its projection; a multiple of `heads`.
        heads: Attention heads.
        rume_layers: Layers of the recurrence-based unimodal encoder (RUME).
        rume_dropout: Dropout in RUME.
        acme_layers: Layers of the attention-based cross-modal encoder (ACME); with 0 the unimodal
            encodings are fused as they are.
        acme_dropout: Dropout in ACME and in the fusion.
        shift_hidden: Hidden width of the emotion-shift module (LESM).
        shift_dropout: Dropout in LESM.
        shift_weight: Weight of the shift loss beside the emotion loss; 0 leaves LESM out.
        emotion_loss: `nll`, the released code's choice for IEMOCAP; `focal`, the loss it names
            for MELD; or `focal_as_released`, what it computes there instead.
        focal_gamma: Exponent of the focal losses.
        primary: The modality around which ACME turns; text in the paper.
    """

    hidden: Count
    heads: Count
    rume_layers: Count
    rume_dropout: DropoutRate
    acme_layers: Annotated[int, at_least(0)]
    acme_dropout: DropoutRate
    shift_hidden: Count
    shift_dropout: DropoutRate
    shift_weight: NonNegative
    emotion_loss: Annotated[str, one_of("nll", "focal", "focal_as_released")]
    focal_gamma: NonNegative
    primary: str

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = self.hidden % self.heads == 0
        require("hidden", self.hidden, fits, f"a multiple of heads={self.heads}")
