"""What M2FNet's two extractors have in common in training: the loss of triplets."""

from typing import Any

import torch
from torch import Tensor

from ercbench.data.utterances import UtteranceBatch
from ercbench.models.base.embedder import UtteranceEmbedder
from ercbench.models.m2fnet.extractor_settings import TripletSettings
from ercbench.models.m2fnet.triplet import extractor_loss


class TripletEmbedder(UtteranceEmbedder):
    """Trains an extractor with triplets of one class and another (paper, section 3.3).

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.
    """

    classifies = False
    settings: TripletSettings

    def training_losses(
        self, micro_batch: UtteranceBatch, batch: UtteranceBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, its parts, and the number of `triplets` they were taken from."""
        own = self.settings
        found = extractor_loss(
            self(micro_batch).vectors,
            micro_batch.labels,
            own.mining,
            own.margin,
            own.form,
            own.fixed_margin,
        )
        parts: dict[str, Any] = {
            "loss": found.total,
            "triplet_loss": found.triplet,
            "covariance_loss": found.covariance,
            "variance_loss": found.variance,
            "triplets": torch.tensor(float(found.triplets)),
        }
        return parts
