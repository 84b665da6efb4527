"""The settings of CFN-ESA."""

from dataclasses import dataclass

from ercbench.models.base.settings import ModelSettings, one_of, require

EMOTION_LOSSES = ("nll", "focal", "focal_as_released")


@dataclass
class CFNESASettings(ModelSettings):
    """Sizes and training of CFN-ESA; the defaults suit a laptop, not the paper.

    Attributes:
        hidden: Width D of every modality after its projection; a multiple of `heads`.
        heads: Attention heads.
        rume_layers: Layers of the recurrence-based unimodal encoder (RUME).
        rume_dropout: Dropout in RUME.
        acme_layers: Layers of the attention-based cross-modal encoder (ACME).
        acme_dropout: Dropout in ACME and in the fusion.
        shift_hidden: Hidden width of the emotion-shift module (LESM).
        shift_dropout: Dropout in LESM.
        shift_weight: Weight of the shift loss beside the emotion loss; 0 leaves LESM out.
        emotion_loss: `nll`, the released code's choice for IEMOCAP; `focal`, the loss it names
            for MELD; or `focal_as_released`, what it computes there instead.
        focal_gamma: Exponent of the focal losses.
        primary: The modality around which ACME turns; text in the paper.
    """

    _target_: str = "ercbench.models.cfn_esa.lightning.CFNESA"
    learning_rate: float = 5e-4
    weight_decay: float = 1e-5
    amsgrad: bool = True
    class_weights: str = "inverse"
    hidden: int = 64
    heads: int = 4
    rume_layers: int = 1
    rume_dropout: float = 0.4
    acme_layers: int = 1
    acme_dropout: float = 0.5
    shift_hidden: int = 128
    shift_dropout: float = 0.05
    shift_weight: float = 1.0
    emotion_loss: str = "nll"
    focal_gamma: float = 2.5
    primary: str = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("hidden", "heads", "rume_layers", "acme_layers", "shift_hidden"):
            require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("rume_dropout", "acme_dropout", "shift_dropout"):
            require(name, getattr(self, name), 0 <= getattr(self, name) < 1, "from 0 to below 1")
        for name in ("shift_weight", "focal_gamma"):
            require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        one_of("emotion_loss", self.emotion_loss, EMOTION_LOSSES)
        require(
            "hidden",
            self.hidden,
            self.hidden % self.heads == 0,
            f"a multiple of model.heads={self.heads}",
        )
