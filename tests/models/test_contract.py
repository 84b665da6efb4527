"""What holds for every model in the registry, be it a paper's or a baseline."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ercbench.config.compose import model_settings
from ercbench.errors import ErcbenchError
from ercbench.models.base.trainable import load_weights
from ercbench.models.registry import MODELS
from ercbench.testing import Candidate
from ercbench.testing.clauses import NotAskedError
from ercbench.testing.dialogues import WIDTHS
from ercbench.testing.models import MODEL_CONTRACT
from ercbench.testing.predicting import predictions_do_not_depend_on_the_batch
from ercbench.testing.training import fitted, micro_batches_give_the_same_gradient

every_model = pytest.mark.parametrize("name", MODELS.names)
# without the losses that need the whole batch
ALONE = {
    "hcam": {"beta": 1.0},
    "multiemo": {"contrastive_weight": 0.0, "correlation_weight": 0.0},
}


@cache
def candidate(name, **changes):
    return Candidate.of(name, changes)


@every_model
@pytest.mark.parametrize("clause", MODEL_CONTRACT, ids=lambda clause: clause.__name__)
def test_every_clause_of_the_contract_holds(name, clause):
    alone = ALONE.get(name, {}) if clause is micro_batches_give_the_same_gradient else {}
    try:
        clause(candidate(name, **alone))
    except NotAskedError as why:
        pytest.skip(str(why))


@every_model
@given(lengths=st.lists(st.integers(1, 40), min_size=2, max_size=6), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_a_prediction_never_depends_on_what_it_is_batched_with(name, lengths, seed):
    predictions_do_not_depend_on_the_batch(candidate(name), lengths, [seed])


@pytest.mark.parametrize("name", [n for n in MODELS.names if hasattr(model_settings(n), "primary")])
def test_without_the_primary_modality_the_error_says_what_to_set(name):
    with pytest.raises(ErcbenchError, match=r"model\.primary=text: .*set model\.primary=audio"):
        candidate(name).build({"audio": 3, "visual": 4}, primary="text")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "end.ckpt"
    fitted(candidate("mlp"), path)
    with pytest.raises(ErcbenchError, match=r"trained for another model \(MLP\); expected GRU"):
        load_weights(candidate("gru").build(), path)
    with pytest.raises(ErcbenchError, match="trained for another data"):
        load_weights(candidate("mlp").build(WIDTHS | {"text": 6}), path)
    with pytest.raises(ErcbenchError, match="the weights do not fit"):
        load_weights(candidate("mlp").build(hidden=16), path)
    (tmp_path / "torn.ckpt").write_bytes((tmp_path / "end.ckpt").read_bytes()[:1000])
    with pytest.raises(ErcbenchError, match="not a readable ercbench checkpoint"):
        load_weights(candidate("mlp").build(), tmp_path / "torn.ckpt")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("cfn_esa", {"hidden": 10, "heads": 4}),
        ("cfn_esa", {"acme_dropout": 1.0}),
        ("cfn_esa", {"emotion_loss": "focus"}),
        ("graphsmile", {"past": -1}),
        ("graphsmile", {"sentiments": {"happy": "good"}}),
        ("graphsmile", {"micro_batch_utterances": 9, "edge_weights": "as_released"}),
        ("hcam", {"hidden": 9}),
        ("hcam", {"context_attention": 61}),
        ("hcam", {"fusion_attention": 0}),
        ("hcam", {"beta": 1.5}),
        ("hcam", {"temperature": 0.0}),
        ("hcam", {"fusion_epochs": 0}),
        ("hcam", {"micro_batch_utterances": 100, "beta": 0.5}),
        ("m2fnet", {"hidden": 10, "heads": 4}),
        ("m2fnet", {"fusion": "fam"}),
        ("m2fnet", {"positions": "learned"}),
        ("m2fnet", {"encoders": 0}),
        ("dialogue_rnn", {"emotion": 0}),
        ("multiemo", {"hidden": 10, "heads": 4}),
        ("multiemo", {"directions": 3}),
        ("multiemo", {"layers": -1}),
        ("multiemo", {"attention": "none"}),
        ("multiemo", {"correlation": "hgr"}),
        ("multiemo", {"micro_batch_utterances": 100, "contrastive_weight": 0.5}),
        ("sdt", {"hidden": 10, "heads": 4}),
        ("sdt", {"unimodal_gate": "open"}),
        ("sdt", {"temperature": 0.0}),
        ("mlp", {"layers": 0}),
        ("gru", {"learning_rate": 0.0}),
        ("gru", {"class_weights": "equal"}),
        ("mlp", {"micro_batch_utterances": 0}),
    ],
)
def test_a_setting_out_of_range_is_named(name, wrong):
    with pytest.raises(ErcbenchError, match=rf"model\.{next(iter(wrong))}=.*expected"):
        model_settings(name, **wrong)
