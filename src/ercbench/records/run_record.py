"""What a run was asked, what came out and how it ran: the contents of `result.json`, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ercbench.corpora.speakers import ValidationSpeakers
from ercbench.data.leakage import Leak
from ercbench.features.store.recipe import FeatureRecipe
from ercbench.metrics import Target
from ercbench.records.scores import Scores

# Goes up whenever an older record can no longer be read as it is.
VERSION = 1


@dataclass(frozen=True)
class RunSetup:
    """What a run was asked.

    Attributes:
        group: Under what runs are grouped, by default corpus and model.
        model: Its name in settings and file names.
        corpus: Name of the corpus.
        simulated: Whether the corpus is.
        split: Name of the split.
        split_sha256: Of the ids of its conversations, part by part.
        labels: Label names in index order.
        features: Recipes of the feature sets, in the order the model sees them.
        seed: Of the run.
        leaks: Feature sets that saw labels of validation or test.
        settings: The resolved settings that decide the numbers.
        manifest_sha256: Of the store's manifest.
        provenance: Where the corpus came from.
        code: Stands for the code that decides the numbers.
        validation_speakers: Whether they speak in training too; None in an earlier record.
        target: Whether labels or scores are predicted; of scores, `labels` are their classes.
    """

    group: str
    model: str
    corpus: str
    simulated: bool
    split: str
    split_sha256: str
    labels: tuple[str, ...]
    features: tuple[FeatureRecipe, ...]
    seed: int
    leaks: tuple[Leak, ...]
    settings: dict[str, Any]
    manifest_sha256: str
    provenance: dict[str, Any]
    code: str
    validation_speakers: ValidationSpeakers | None = None
    target: Target = "labels"

    @property
    def feature_keys(self) -> tuple[str, ...]:
        """The feature sets as settings and tables name them, `modality:name`."""
        return tuple(recipe.key for recipe in self.features)

    @property
    def reads_test(self) -> bool:
        """Whether the test part is read; a trial of a study leaves it unread."""
        return bool(self.settings.get("protocol", {}).get("test", True))

    @property
    def unknown_provenance(self) -> tuple[str, ...]:
        """Keys of the feature sets of which nobody knows whose labels they saw."""
        return tuple(recipe.key for recipe in self.features if recipe.fitted_on is None)


@dataclass(frozen=True)
class StageRecord:
    """How one stage of training went.

    Attributes:
        stage: Its name, empty for a model of one stage.
        best_epoch: The epoch chosen on validation, from 0.
        epochs: How many were trained.
        max_epochs: How many were allowed, None without a limit.
        validation: Scores and losses on validation in that epoch; None where not defined.
    """

    stage: str
    best_epoch: int
    epochs: int
    max_epochs: int | None
    validation: dict[str, float | None]

    @property
    def chose_last_allowed(self) -> bool:
        """Whether the chosen epoch was the last allowed, so that more might have been better."""
        return self.best_epoch + 1 == self.max_epochs


@dataclass(frozen=True)
class OutputScores:
    """Scores of one output of a trained model.

    Attributes:
        validation: On validation.
        test: On test; None if it has no labels.
        weights: Output to its weight, for the ensemble.
    """

    validation: Scores
    test: Scores | None
    weights: dict[str, float] | None = None


@dataclass(frozen=True)
class ChosenOnTest:
    """What choosing a stage's epoch on the test part would have claimed.

    Attributes:
        best_epoch: The epoch that is best on test, from 0.
        test: Its scores there.
        stage: Name of the stage, empty for a model of one stage.
        epochs: How many were watched; None of a run that did not record it.
    """

    best_epoch: int
    test: Scores
    stage: str = ""
    epochs: int | None = None


@dataclass(frozen=True)
class RunResults:
    """What came out of a run.

    Attributes:
        stages: In order; the last one's choice is the model's.
        outputs: Output to its scores; `final` is the model's answer.
        checkpoint_sha256: Of `best.ckpt`.
        as_released: What choosing the last stage's epoch on test would have claimed, if that was
            recorded.
        earlier_as_released: The same of each stage before the last, in order.
    """

    stages: tuple[StageRecord, ...]
    outputs: dict[str, OutputScores]
    checkpoint_sha256: str
    as_released: ChosenOnTest | None = None
    earlier_as_released: tuple[ChosenOnTest, ...] = ()

    def __post_init__(self) -> None:
        """Refuses results without a stage or without the model's answer."""
        if not self.stages or "final" not in self.outputs:
            raise ValueError("expected at least one stage, and the output 'final'")

    @property
    def chosen(self) -> StageRecord:
        """The stage that the trained model is the best epoch of."""
        return self.stages[-1]

    @property
    def test(self) -> Scores | None:
        """The model's own scores on test; None if it has no labels."""
        return self.outputs["final"].test


@dataclass(frozen=True)
class Execution:
    """How a run ran.

    Attributes:
        parameters: Of the network, trained or not.
        seconds: From seeding to scores, of the process that finished the run.
        peak_memory_bytes: Of the GPU, or of the process on a CPU.
        device: Such as `cpu` or `cuda:0`.
        versions: Package to version.
        finished: When, as ISO 8601 in UTC.
    """

    parameters: int
    seconds: float
    peak_memory_bytes: int
    device: str
    versions: dict[str, str]
    finished: str


@dataclass(frozen=True)
class RunRecord:
    """All that a finished run says of itself.

    Attributes:
        run: Name of its folder.
        fingerprint: Stands for settings, code and data.
        setup: What was asked.
        results: What came out.
        execution: How it ran.
        kind: Tells it from an encoder's record.
        version: Of the record's form.
    """

    run: str
    fingerprint: str
    setup: RunSetup
    results: RunResults
    execution: Execution
    kind: Literal["run"] = "run"
    version: int = VERSION

    @property
    def score(self) -> float:
        """The score by which settings are chosen: the selection metric on validation."""
        metric = self.setup.settings["selection"]["metric"]
        return self.results.outputs["final"].validation[metric]

    @property
    def tests(self) -> dict[str, Scores | None]:
        """Output to its scores on test."""
        return {name: own.test for name, own in self.results.outputs.items()}

    @property
    def as_released(self) -> ChosenOnTest | None:
        """What choosing on test would have claimed, if that was recorded."""
        return self.results.as_released


@dataclass(frozen=True)
class EncoderSetup:
    """What the training of an encoder was asked.

    Attributes:
        encoder: Name of its class.
        corpus: Name of the corpus.
        labels: Label names in index order.
        fitted_on: Ids of the conversations it was trained on.
        seed: Of the run.
        settings: The resolved settings that decide the numbers.
        code: Stands for the code that decides the numbers.
    """

    encoder: str
    corpus: str
    labels: tuple[str, ...]
    fitted_on: list[str]
    seed: int
    settings: dict[str, Any]
    code: str


@dataclass(frozen=True)
class EncoderResults:
    """What came out of the training of an encoder.

    Attributes:
        stages: In order; the last one's choice is the encoder's.
        untrained: Kind of evaluation to score to value on test, before training; empty of a fold's
            encoder, which is made for the training conversations alone.
        trained: The same after training; also of its own `classifier`, if it has one.
        checkpoint_sha256: Of `best.ckpt`.
    """

    stages: tuple[StageRecord, ...]
    untrained: dict[str, dict[str, float]]
    trained: dict[str, dict[str, float]]
    checkpoint_sha256: str

    @property
    def chosen(self) -> StageRecord:
        """The stage that the trained encoder is the best epoch of."""
        return self.stages[-1]

    @property
    def test(self) -> Mapping[str, float]:
        """Scores on test: of the classifier, else of the probe, else of the nearest neighbour."""
        kinds = ("classifier", "probe", "neighbour")
        return next(self.trained[kind] for kind in kinds if kind in self.trained)


@dataclass(frozen=True)
class EncoderRecord:
    """All that the finished training of an encoder says of itself; see `RunRecord`."""

    run: str
    fingerprint: str
    setup: EncoderSetup
    results: EncoderResults
    execution: Execution
    kind: Literal["encoder"] = "encoder"
    version: int = VERSION
