"""The test part of a corpus on which models are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ercbench.evaluation.compare.crossing import crossing
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.metrics import MAIN, METRICS, Metric, Predictions, Target, labelled, previous_labels
from ercbench.records.reading import StoredRun, true_scores


@dataclass(frozen=True)
class TestSet:
    """The test part of a comparison: N utterances in the corpus' order.

    Attributes:
        corpus: Its name.
        split: Name of the split whose test part this is.
        simulated: Whether the corpus is simulated.
        labels: C label names.
        conversations: [N] id of each utterance's conversation.
        utterances: [N] id of each utterance.
        speakers: [N] speaker of each utterance.
        texts: [N] what was said, empty where the records do not have it.
        truth: [N] index of the true label, -1 where there is none.
        trained_on: Title of what the models were trained on, if it is something else.
        notes: What every table has to say of that.
        folds: Names of the splits whose test parts were put together; none for one split.
        scores: [N] the true score, NaN where there is none, if scores are predicted; labels are
            then their classes. None where labels are.
    """

    corpus: str
    split: str
    simulated: bool
    labels: tuple[str, ...]
    conversations: np.ndarray
    utterances: np.ndarray
    speakers: np.ndarray
    texts: np.ndarray
    truth: np.ndarray
    trained_on: str = ""
    notes: tuple[str, ...] = ()
    folds: tuple[str, ...] = ()
    scores: np.ndarray | None = None

    __test__ = False  # for pytest, no class of tests

    @cached_property
    def previous(self) -> np.ndarray:
        """[N] label of the speaker's last labelled utterance in the dialogue, or -1."""
        return previous_labels(self.conversations, self.speakers, self.truth)

    @property
    def target(self) -> Target:
        """Whether labels or scores are predicted."""
        return "labels" if self.scores is None else "score"

    @property
    def main(self) -> Metric:
        """The metric by which models are ranked."""
        return METRICS[MAIN[self.target]]

    def answered(self, answers: np.ndarray) -> Predictions:
        """Returns [N, C] or [N, 1] answers to its labelled utterances, beside the truth."""
        return labelled(self.truth, answers, self.previous, self.scores)

    @property
    def title(self) -> str:
        """What the corpus is called in tables and figures."""
        own = corpus_title(self.corpus, len(self.labels), self.simulated, self.target)
        return f"{self.trained_on} → {own}" if self.trained_on else own

    @property
    def part(self) -> str:
        """Which part of the corpus it is, in words."""
        return f"{len(self.folds)} folds pooled" if self.folds else f"split {self.split}"


def test_set_of(runs: Sequence[StoredRun]) -> TestSet:
    """Returns the test part that runs were tested on."""
    setup = runs[0].record.setup
    table = max((run.utterances for run in runs), key=lambda utterances: utterances.num_columns)
    index = {label: number for number, label in enumerate(setup.labels)}
    texts = table["text"].to_pylist() if "text" in table.column_names else [""] * len(table)

    def column(name: str) -> np.ndarray:
        return np.array(table[name].to_pylist(), dtype=str)

    return TestSet(
        corpus=setup.corpus,
        split=setup.split,
        simulated=setup.simulated,
        labels=setup.labels,
        conversations=column("conversation"),
        utterances=column("utterance"),
        speakers=column("speaker"),
        texts=np.array([text or "" for text in texts], dtype=str),
        truth=np.array([index.get(label, -1) for label in table["label"].to_pylist()], np.int64),
        scores=true_scores(table) if setup.target == "score" else None,
        **crossing(setup),
    )
