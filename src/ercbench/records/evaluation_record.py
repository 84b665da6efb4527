"""What the evaluation of a run on another corpus or part leaves, typed as a run's record is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ercbench.data.leakage import Leak
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.metrics import Target
from ercbench.records.run_record import VERSION, RunRecord
from ercbench.records.scores import Scores


@dataclass(frozen=True)
class EvaluationSetup:
    """On what a run was evaluated.

    Attributes:
        trained: The run's own record.
        corpus: Name of the corpus evaluated on.
        simulated: Whether the corpus is.
        split: Name of its split.
        part: Which part: `train`, `validation`, `test` or `all`.
        conversations: Number of conversations in it.
        seen: How many of them the run was trained on or chose its epoch by.
        labels: Label names in index order.
        label_map: Each of the run's labels to one of these, or to None if it is left out.
        features: Recipes of the feature sets, in the order the model sees them.
        leaks: Feature sets that saw labels of this part.
        manifest_sha256: Of the store's manifest.
        provenance: Where the corpus came from.
    """

    trained: RunRecord
    corpus: str
    simulated: bool
    split: str
    part: str
    conversations: int
    seen: int
    labels: tuple[str, ...]
    label_map: dict[str, str | None]
    features: tuple[FeatureRecipe, ...]
    leaks: tuple[Leak, ...]
    manifest_sha256: str
    provenance: dict[str, Any]

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.trained.setup.model

    @property
    def target(self) -> Target:
        """Whether labels or scores are predicted."""
        return self.trained.setup.target

    @property
    def seed(self) -> int:
        """Of the run."""
        return self.trained.setup.seed

    @property
    def settings(self) -> dict[str, Any]:
        """Of the run."""
        return self.trained.setup.settings

    @property
    def code(self) -> str:
        """Stands for the code that the run was trained with."""
        return self.trained.setup.code

    @property
    def feature_keys(self) -> tuple[str, ...]:
        """The feature sets as tables name them, `modality:name`."""
        return tuple(recipe.key for recipe in self.features)


@dataclass(frozen=True)
class EvaluationRecord:
    """All that an evaluation says of itself.

    Attributes:
        run: Name of its folder.
        fingerprint: Stands for the run, the data and the map of labels.
        setup: On what the run was evaluated.
        test: Scores there.
        evaluated: When, as ISO 8601 in UTC.
        kind: Tells it from other records.
        version: Of the record's form.
    """

    run: str
    fingerprint: str
    setup: EvaluationSetup
    test: Scores
    evaluated: str
    kind: Literal["evaluation"] = "evaluation"
    version: int = VERSION

    as_released: ClassVar[None] = None

    @property
    def tests(self) -> dict[str, Scores | None]:
        """Output to its scores; there is but one."""
        return {"final": self.test}
