"""A run's test part, read once, and the run's model at work on damaged copies of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from ercbench.api.run import Run
from ercbench.corpora.conversation import Conversation
from ercbench.data.batch import ConversationBatch
from ercbench.data.datamodule import ConversationDataModule
from ercbench.errors import ErcbenchError


@dataclass(frozen=True)
class Rows:
    """One modality of N utterances.

    Attributes:
        values: [N, D]; what stands in rows that are not present never matters.
        present: [N] bool.
    """

    values: Tensor
    present: Tensor


class TestedRun:
    """A run with its test part, in the batches in which it was tested.

    Args:
        run: A finished run.
        stores: Folder of the feature stores; None for the one that the run names.
    """

    __test__ = False  # for pytest, no class of tests

    def __init__(self, run: Run, stores: Path | None = None) -> None:
        self.run, self.stores = run, stores

    @cached_property
    def datamodule(self) -> ConversationDataModule:
        """Its data.

        Raises:
            ErcbenchError: The store is not there, or is not the one that the run read.
        """
        return _datamodule(self.run, self.stores)

    @cached_property
    def batches(self) -> list[ConversationBatch]:
        """The test part as it was tested."""
        return list(self.datamodule.test_dataloader())

    @cached_property
    def conversations(self) -> Sequence[Conversation]:
        """The conversations of the test part, of N utterances in all."""
        return self.datamodule.part("test").conversations

    @property
    def utterances(self) -> list[str]:
        """N ids."""
        return [turn.id for own in self.conversations for turn in own.utterances]

    def rows(self, modality: str) -> Rows:
        """Returns a modality as it is."""
        values = [batch.features[modality][batch.mask] for batch in self.batches]
        present = [batch.present[modality][batch.mask] for batch in self.batches]
        return Rows(torch.cat(values), torch.cat(present))

    def predict(self, modality: str, rows: Rows) -> np.ndarray:
        """Returns [N, C] probabilities where a modality's rows are replaced.

        The model is told what is missing; it is never given zeros for it.
        """
        sizes = [int(batch.mask.sum()) for batch in self.batches]
        ends = np.cumsum([0, *sizes]).tolist()
        found = [
            self._answer(_with_rows(batch, modality, rows, slice(*own)))
            for batch, own in zip(self.batches, pairwise(ends), strict=True)
        ]
        return torch.cat(found).numpy()

    def _answer(self, batch: ConversationBatch) -> Tensor:
        with torch.inference_mode():
            logits = self.run.model.outputs(batch)["final"]
        return self.run.model.answers(logits.float())[batch.mask]


def _with_rows(
    batch: ConversationBatch, modality: str, rows: Rows, own: slice
) -> ConversationBatch:
    values = torch.zeros_like(batch.features[modality])
    values[batch.mask] = rows.values[own]
    present = torch.zeros_like(batch.mask)
    present[batch.mask] = rows.present[own]
    return replace(
        batch,
        features={**batch.features, modality: values},
        present={**batch.present, modality: present},
    )


def _datamodule(run: Run, stores: Path | None) -> ConversationDataModule:
    """Returns the data that a run was tested on, as its settings say, and checks that it is."""
    setup, config = run.record.setup, OmegaConf.load(run.folder.config)
    if config.store is not None:
        config.dataset.store = config.store
    datamodule: ConversationDataModule = instantiate(
        config.dataset,
        _convert_="all",
        features=list(setup.feature_keys),
        stores=str(stores or config.stores),
        seed=setup.seed,
    )
    _check(datamodule.store.manifest_sha256, setup.manifest_sha256, "the corpus", run, datamodule)
    for features, recipe in zip(datamodule.feature_sets, setup.features, strict=True):
        found = features.metadata["values_sha256"]
        _check(found, recipe.values_sha256, recipe.key, run, datamodule)
    return datamodule


def _check(found: Any, expected: str, what: str, run: Run, data: ConversationDataModule) -> None:
    if found != expected:
        raise ErcbenchError(
            f"{data.store.folder}: {what} is not what {run.record.run} read (SHA-256 "
            f"{str(found)[:12]}…, expected {expected[:12]}…). Give the folder of its stores: "
            "stores=FOLDER"
        )
