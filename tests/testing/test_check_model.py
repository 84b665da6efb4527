"""A broken model is found, and by the clause that it breaks."""

import pytest
import torch
from broken_models import (
    AlwaysDropout,
    BatchNorm,
    Counting,
    FewPositions,
    FlatLogits,
    Float16,
    Idle,
    Kept,
    LateMask,
    MeanForMissing,
    RunningBatchNorm,
    Small,
    TextOnly,
    UnmaskedAttention,
    Unseeded,
    count_steps,
    mean_loss,
    model,
    optimise_everything,
    raw_training,
    two_stages,
)

from ercbench.errors import ErcbenchError
from ercbench.models.baselines.gru import GRU
from ercbench.models.registry import MODELS
from ercbench.testing import Candidate, ContractError, check_model
from ercbench.testing.clauses import check_all, said
from ercbench.testing.models import MODEL_CONTRACT
from ercbench.testing.training import micro_batches_give_the_same_gradient

BROKEN = [
    (model(FlatLogits), "The logits are finite and [B, L, C]", r"logits \[9, 4\] for \[3, 5, 4\]"),
    (model(AlwaysDropout), "A prediction is the same each time", "same batch that differ"),
    (model(BatchNorm), "A prediction never depends", "Expected more than 1 value per channel"),
    (model(UnmaskedAttention), "A prediction never depends", "the same conversation alone"),
    (model(LateMask, preprocess=raw_training), "Nothing ever comes from padding", "loss or grad"),
    (model(MeanForMissing), "A missing row is told", "same prediction without text"),
    (model(FewPositions), "A conversation of any length", "IndexError"),
    (model(TextOnly), "Any modalities are enough", "KeyError.*text.* with audio alone"),
    (model(Idle), "Gradients reach every parameter", r"no gradient of forgotten\.weight"),
    (
        model(Small, stages=two_stages, configure_optimizers=optimise_everything),
        "What a stage does not train",
        r"classify\.weight in the optimiser of stage 'project'",
    ),
    (model(RunningBatchNorm), "Micro-batches give the gradient", "another gradient of"),
    (model(Small, training_losses=mean_loss), "A batch without any label", "a loss of nan"),
    (model(Unseeded), "The same seed gives the same weights", "before training"),
    (
        model(Counting, on_train_batch_end=count_steps),
        "A checkpoint holds all of the model",
        "other predictions",
    ),
    (model(Float16), "It trains in bfloat16", "loss became nan"),
]


@pytest.mark.parametrize(
    ("broken", "clause", "found"), BROKEN, ids=[f"{b[0].__name__}-{b[1]}" for b in BROKEN]
)
def test_a_broken_model_fails_in_the_clause_that_it_breaks(broken, clause, found):
    with pytest.raises(ContractError, match=found) as failed:
        check_model(broken)
    assert failed.value.clause.startswith(clause)
    assert "\nLook at: " in str(failed.value)


def test_a_model_that_keeps_the_contract_passes_every_clause():
    assert check_model(Kept) == [said(clause) for clause in MODEL_CONTRACT]


def test_a_model_that_refuses_micro_batches_is_not_asked_for_them():
    (passed,) = check_all(Candidate.of("hcam"), [micro_batches_give_the_same_gradient])
    assert "Not asked: micro_batch_utterances=5: expected null, because the contrastive" in passed


def test_a_registered_model_is_checked_by_its_name_or_class_at_its_size_for_tests():
    assert Candidate.of("gru") == Candidate.of(GRU)
    assert Candidate.of(GRU, {"layers": 3}).settings["layers"] == 3
    assert Candidate.of(GRU).settings["hidden"] == MODELS["gru"].tiny["hidden"]


def test_what_cannot_be_built_is_a_mistake_and_not_a_broken_contract():
    with pytest.raises(ErcbenchError, match="learning_rate=-1"):
        check_model(Kept, {"learning_rate": -1.0})
    with pytest.raises(ErcbenchError, match="No model 'mpl'.*Did you mean 'mlp'"):
        check_model("mpl")


def test_checking_leaves_random_numbers_as_they_were():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check_model(Kept)
    assert torch.equal(torch.rand(2), expected)
