"""How a feature set was made: enough to encode a new clip in the same way."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ercbench.features.store.feature_set import FeatureSet

KNOWN = ("encoder", "revision", "settings", "fitted_on", "values_sha256")


@dataclass(frozen=True)
class FeatureRecipe:
    """What a run records of a feature set that it read, in its record and in its checkpoints.

    Attributes:
        modality: Such as `text`.
        name: Of the set, such as `minilm`.
        encoder: What made the values.
        revision: Of the encoder's weights, None where it has none.
        settings: Of the encoder, as JSON values.
        fitted_on: Ids of conversations whose labels the encoder saw; None if nobody knows.
        values_sha256: Of the values.
        details: What else the store knows of the set, as JSON values.
    """

    modality: str
    name: str
    encoder: str
    revision: str | None
    settings: dict[str, Any]
    fitted_on: list[str] | None
    values_sha256: str
    details: dict[str, Any]

    @property
    def key(self) -> str:
        """The set's name in settings and tables, `modality:name`."""
        return f"{self.modality}:{self.name}"

    @classmethod
    def of(cls, features: "FeatureSet") -> "FeatureRecipe":
        """Returns the recipe of a feature set, from the metadata of its file."""
        known = features.metadata
        fitted_on = known["fitted_on"]
        return cls(
            modality=features.modality,
            name=features.name,
            encoder=known["encoder"],
            revision=known.get("revision"),
            settings=dict(known.get("settings") or {}),
            fitted_on=None if fitted_on is None else list(fitted_on),
            values_sha256=known["values_sha256"],
            details={key: value for key, value in known.items() if key not in KNOWN},
        )

    def plain(self) -> dict[str, Any]:
        """Returns the recipe as plain containers, as a checkpoint keeps it."""
        return asdict(self)
