"""Every model at its paper's size: what the benchmark of an epoch trains.

HCAM's size is a reconstruction; the baselines are as wide as CFN-ESA.
"""

from dataclasses import dataclass, field
from typing import Any

from ercbench.data.datamodule import DataSpec

LABELS = [str(i) for i in range(6)]
SENTIMENTS = ("positive", "negative", "neutral", "negative", "positive", "negative")
COUNTS, SHIFT_RATE = [504, 839, 1324, 933, 742, 1468], 0.5447


@dataclass(frozen=True)
class Size:
    """A model's features and settings.

    Attributes:
        widths: Modality to feature width.
        settings: By name.
        micro_batches: Precision to the utterances of a micro-batch.
    """

    widths: dict[str, int]
    settings: dict[str, Any]
    micro_batches: dict[str, int] = field(default_factory=dict)

    @property
    def spec(self) -> DataSpec:
        """What a model must know of IEMOCAP's training part."""
        return DataSpec(self.widths, LABELS, COUNTS, SHIFT_RATE)


WIDE = {"text": 1024, "visual": 342, "audio": 1582}
SIZES = {
    "cfn_esa": Size(
        WIDE,
        {
            "hidden": 512,
            "heads": 8,
            "rume_layers": 2,
            "rume_dropout": 0.2,
            "acme_layers": 5,
            "acme_dropout": 0.4,
            "learning_rate": 2e-5,
        },
        {"float32": 500, "bf16-mixed": 350},
    ),
    "dialogue_rnn": Size(
        WIDE,
        {
            "hidden": 500,
            "emotion": 300,
            "learning_rate": 1e-4,
        },
    ),
    "graphsmile": Size(
        WIDE,
        {
            "hidden": 512,
            "layers": 7,
            "past": 17,
            "future": 17,
            "shift_window": 19,
            "learning_rate": 1e-4,
            "sentiments": dict(zip(LABELS, SENTIMENTS, strict=True)),
        },
    ),
    "hcam": Size(
        {"text": 768, "audio": 768},
        {
            "hidden": 768,
            "gru_layers": 2,
            "context_layers": 2,
            "context_attention": 360,
            "fusion_width": 400,
            "fusion_layers": 2,
            "fusion_attention": 60,
            "heads": 3,
            "dropout": 0.5,
            "beta": 0.9,
        },
    ),
    "m2fnet": Size(
        {"text": 1024, "audio": 300, "visual": 600},
        {
            "hidden": None,
            "heads": 4,
            "encoders": 5,
            "feed_forward": 4,
            "fusion_layers": 5,
            "dropout": 0.4,
            "learning_rate": 5e-4,
            "weight_decay": 5e-4,
        },
        {"float32": 400, "bf16-mixed": 400},
    ),
    "multiemo": Size(
        {"text": 768, "audio": 512, "visual": 1000},
        {"hidden": 256, "layers": 6, "dropout": 0.0, "recurrent_dropout": 0.0},
    ),
    "sdt": Size(WIDE, {"hidden": 1024, "heads": 8, "speakers": 2, "learning_rate": 1e-4}),
    "majority": Size(WIDE, {}),
    "logistic_regression": Size(WIDE, {}),
    "mlp": Size(WIDE, {"hidden": 512, "layers": 2}),
    "gru": Size(WIDE, {"hidden": 512, "layers": 2}),
    "transformer": Size(WIDE, {"hidden": 512, "layers": 2}),
    "late_fusion": Size(WIDE, {"hidden": 512, "layers": 2}),
    "bc_lstm": Size(WIDE, {"hidden": 512, "layers": 1}),
}
