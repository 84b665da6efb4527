"""A class's weight means the same in every model."""

import pytest
import torch
from torch.nn import functional as F

from ercbench.data.batch import IGNORE
from ercbench.models.registry import MODELS
from ercbench.testing import Candidate


@pytest.mark.parametrize("name", MODELS.names)
@pytest.mark.parametrize("class_weights", ["none", "inverse"])
def test_class_weights_mean_the_same_in_every_model(name, class_weights):
    model = Candidate.of(name, {"class_weights": class_weights}).build()
    counts = torch.tensor(model.spec.label_counts, dtype=torch.float32)
    weight = counts.sum() / counts if class_weights == "inverse" else None
    logits = torch.randn(3, 7, len(counts))
    labels = torch.randint(0, len(counts), (3, 7))
    labels[0, 4:] = IGNORE
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), weight, ignore_index=IGNORE)
    torch.testing.assert_close(model.emotion_loss(logits, labels), expected)
