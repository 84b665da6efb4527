"""A finished run: what it says of itself, and its model at work on conversations."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import get_class

from ercbench.api.encoders import EncoderGiven
from ercbench.api.encoding import Features
from ercbench.api.live import LiveConversation
from ercbench.api.predicting import predict_on
from ercbench.corpora.conversation import Conversation
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.data.dataset import speaker_numbers
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.test_set import TestSet, test_set_of
from ercbench.evaluation.predicted.result import Predicted
from ercbench.files import expanded
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.records.reading import StoredRun, read_run
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import RunRecord


class Run:
    """A finished run of `ercbench train`.

    Args:
        folder: Of the run.

    Raises:
        ErcbenchError: There is no finished run, or its record is damaged or contradicts itself.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = RunFolder(expanded(folder))
        if not self.folder.finished:
            raise ErcbenchError(
                f"{self.folder.path}: holds no finished run (no {self.folder.result.name}). Give "
                "the folder of a run, as ercbench train names it, or let it finish."
            )
        self.record: RunRecord = self.folder.read(RunRecord)
        """What was asked, what came out, how it ran."""
        self.stored: StoredRun = read_run(self.folder)

    def __repr__(self) -> str:
        return f"<Run {self.record.run}>"

    @property
    def scores(self) -> dict[str, float | None]:
        """Metric to score on the test part; empty if that has no labels."""
        test = self.record.results.test
        return dict(test.values) if test else {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The C labels, in the order of the columns of probabilities."""
        return self.record.setup.labels

    @cached_property
    def test_set(self) -> TestSet:
        """The N utterances of the test part, in the order of the rows of `probabilities`."""
        return test_set_of([self.stored])

    @property
    def probabilities(self) -> np.ndarray:
        """[N, C] what the model answered on the test part."""
        return self.stored.probabilities["final"]

    @cached_property
    def model(self) -> ConversationClassifier:
        """The trained model, in evaluation mode on the CPU.

        Raises:
            ErcbenchError: The checkpoint is not the one that the record is about, or the model's
                class is not there.
        """
        self.folder.check_best()
        target = self.record.setup.settings["model"]["_target_"]
        try:
            kind: Any = get_class(target)
        except ImportError:
            raise ErcbenchError(
                f"{self.folder.path}: trained by {target}, which is not there. Install the package "
                "or the version of ercbench that has it, or train anew."
            ) from None
        loaded: ConversationClassifier = kind.load_from_checkpoint(
            self.folder.best, map_location="cpu", weights_only=True
        )
        return loaded.eval()

    def predict(
        self,
        input: str | Path | Conversation,
        features: Features | None = None,
        encoders: Mapping[str, EncoderGiven] | None = None,
        **reading: Any,
    ) -> Predicted:
        """Labels conversations that it has not seen.

        Args:
            input: A recording, a folder of clips, a transcript or a table, as
                `ercbench predict input=…` takes it, or a conversation.
            features: Modality to [N, D] vectors, where NaN marks a row that is missing; None
                encodes the input as the run's own features were made. A modality that is not
                given is missing.
            encoders: Modality to its encoder, or to where that lies, if the record cannot say how
                to make it again, as of one that was trained here.
            reading: `transcript`, `columns`, `transcribe` and `language`, as the command takes
                them.

        Raises:
            ErcbenchError: The input cannot be read, or the features do not fit or cannot be made.
        """
        return predict_on([self], input, features, encoders or {}, **reading)

    def conversation(self, encoders: Mapping[str, EncoderGiven] | None = None) -> LiveConversation:
        """Begins a conversation that is labelled turn by turn, while it goes on.

        Args:
            encoders: As in `predict`.
        """
        return LiveConversation(self, encoders or {})

    def answer(self, conversation: Conversation, features: Features) -> np.ndarray:
        """Returns [L, C] probabilities for a conversation, columns in the order of `labels`.

        Of a model of scores it returns these: [L, 1].

        Args:
            conversation: Of L utterances, in their order; labels are not looked at.
            features: Modality to [L, D] vectors, where NaN marks a row that is missing; a modality
                that is not given is missing.

        Raises:
            ErcbenchError: The features do not fit.
        """
        item = self._item(conversation, features)
        with torch.inference_mode():
            logits = self.model.outputs(collate([item]))["final"]  # [1, L, C]
        return self.model.answers(logits[0].float()).numpy()

    def _item(self, conversation: Conversation, features: Features) -> ConversationItem:
        unknown = sorted(set(features) - set(self.model.spec.widths))
        if unknown:
            raise ErcbenchError(
                f"features: {self.record.run} reads no {', '.join(unknown)}; it reads "
                f"{', '.join(self.model.spec.widths)}. Leave the others out."
            )
        length, values, present = len(conversation), {}, {}
        for modality, width in self.model.spec.widths.items():
            given = np.asarray(features.get(modality, np.full((length, width), np.nan)), np.float32)
            if given.shape != (length, width):
                raise ErcbenchError(
                    f"features: {modality} has shape {list(given.shape)}; expected "
                    f"[{length}, {width}], a row per utterance. Make it as the run's own was."
                )
            there = np.asarray(np.isfinite(given).all(axis=1))  # [L]
            values[modality] = torch.from_numpy(np.where(there[:, None], given, 0))
            present[modality] = torch.from_numpy(there)
        labels = torch.full((length,), IGNORE)
        return ConversationItem(
            conversation.id, values, present, speaker_numbers(conversation), labels
        )


def load_run(folder: str | Path) -> Run:
    """Returns a finished run.

    Raises:
        ErcbenchError: There is none in the folder, or its record is damaged.
    """
    return Run(folder)
