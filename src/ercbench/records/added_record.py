"""What predictions of another code leave when they are added: typed, as a run's record is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ercbench.metrics import Target
from ercbench.records.run_record import VERSION
from ercbench.records.scores import Scores


@dataclass(frozen=True)
class AddedSetup:
    """Whose predictions they are, and of which test part.

    Attributes:
        model: What the model is called.
        corpus: Name of the corpus.
        simulated: Whether the corpus is.
        split: Name of the split.
        split_sha256: Of the ids of its conversations, part by part.
        labels: Label names in index order.
        seed: Of the training that made them, as far as anybody says.
        manifest_sha256: Of the store's manifest.
        provenance: Where the corpus came from.
        file: That they were read from.
        file_sha256: Of its bytes.
        labels_only: Whether it has labels and no probabilities.
        target: Whether labels or scores are predicted; of scores, `labels` are their classes.
        features: None that anybody knows; likewise `settings` and `code`.
    """

    model: str
    corpus: str
    simulated: bool
    split: str
    split_sha256: str
    labels: tuple[str, ...]
    seed: int
    manifest_sha256: str
    provenance: dict[str, Any]
    file: str
    file_sha256: str
    labels_only: bool
    target: Target = "labels"

    features: ClassVar[tuple[()]] = ()
    feature_keys: ClassVar[tuple[()]] = ()
    settings: ClassVar[dict[str, Any]] = {}
    code: ClassVar[str] = ""


@dataclass(frozen=True)
class AddedRecord:
    """All that is known of added predictions: how their epoch was chosen is not.

    Attributes:
        run: Name of its folder.
        fingerprint: Stands for the model's name, the seed, the predictions and the test part.
        setup: Whose they are.
        test: Their scores.
        added: When, as ISO 8601 in UTC.
        kind: Tells it from other records.
        version: Of the record's form.
    """

    run: str
    fingerprint: str
    setup: AddedSetup
    test: Scores
    added: str
    kind: Literal["added"] = "added"
    version: int = VERSION

    as_released: ClassVar[None] = None

    @property
    def tests(self) -> dict[str, Scores | None]:
        """Output to its scores on test; there is but one."""
        return {"final": self.test}
