"""In training some utterances lose a modality; by default none does."""

from dataclasses import replace

import pytest
import torch

from ercbench.config.compose import encoder_settings, model_settings
from ercbench.errors import ErcbenchError
from ercbench.models.base.modality_dropout import drop_modalities
from ercbench.models.registry import MODELS
from ercbench.testing import Candidate
from ercbench.testing.dialogues import make_batch
from ercbench.testing.predicting import evaluation_draws_nothing_at_random
from ercbench.testing.training import the_same_seed_gives_the_same_weights


@pytest.fixture
def batch():
    return make_batch([40, 3] * 15, missing=0.2)


def counts(batch):
    return torch.stack(list(batch.present.values())).sum(0)


def test_the_share_of_utterances_that_have_several_modalities_loses_one(batch):
    torch.manual_seed(0)
    less = drop_modalities(batch, 0.3)
    several = counts(batch) > 1
    lost = counts(batch) - counts(less)
    assert set(lost.unique().tolist()) == {0, 1}
    assert not lost[~several].any()
    assert lost[several].float().mean() == pytest.approx(0.3, abs=0.05)
    assert all(
        (own <= was).all()
        for own, was in zip(less.present.values(), batch.present.values(), strict=True)
    )


def test_every_modality_is_lost_and_one_always_stays(batch):
    less = drop_modalities(batch, 1.0)
    assert (counts(less)[counts(batch) > 0] >= 1).all()
    for modality, present in less.present.items():
        assert present.sum() < batch.present[modality].sum()


def test_without_it_nothing_is_drawn_at_random(batch):
    before = torch.get_rng_state()
    assert drop_modalities(batch, 0.0) is batch
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", MODELS.names)
@pytest.mark.parametrize(
    "clause",
    [evaluation_draws_nothing_at_random, the_same_seed_gives_the_same_weights],
    ids=lambda clause: clause.__name__,
)
def test_every_model_can_be_trained_so(name, clause):
    clause(Candidate.of(name, {"modality_dropout": 0.5}))


def test_dialogue_models_have_it_off_and_encoders_have_it_not():
    assert all(model_settings(name).modality_dropout == 0 for name in MODELS.names)
    assert not hasattr(encoder_settings("hcam_text"), "modality_dropout")
    with pytest.raises(
        ErcbenchError, match=r"model\.modality_dropout=2\.0: expected a number from"
    ):
        model_settings("gru", modality_dropout=2.0)


def test_a_checkpoint_that_does_not_know_it_has_none():
    known = Candidate.of("mlp")
    earlier = {name: own for name, own in known.settings.items() if name != "modality_dropout"}
    assert replace(known, settings=earlier).build().settings.modality_dropout == 0
