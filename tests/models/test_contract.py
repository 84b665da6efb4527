"""What holds for every model in the registry, be it a paper's or a baseline."""

from dataclasses import replace
from itertools import combinations

import lightning as L
import pytest
import torch
from helpers import LABELS, WIDTHS, make_batch, make_items
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from ercbench.config.compose import build_model, model_settings
from ercbench.data.batch import collate
from ercbench.data.datamodule import DataSpec
from ercbench.errors import ErcbenchError
from ercbench.models.base.trainable import load_weights
from ercbench.models.registry import MODELS

SPEC = DataSpec(WIDTHS, list("abcd"), [4, 3, 2, 1], 0.6)
SUBSETS = [chosen for n in (1, 2, 3) for chosen in combinations(WIDTHS, n)]
every_model = pytest.mark.parametrize("name", MODELS.names)


def make_model(name, spec=SPEC, **options):
    torch.manual_seed(0)
    model = build_model(name, spec, **{"hidden": 8} | options)
    for parameter in model.network.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, std=0.1)
    statistics = {m: (torch.randn(w), torch.rand(w) + 0.5) for m, w in spec.widths.items()}
    model.standardise.fit(statistics)
    return model


def logits_by_id(model, batches):
    """Returns (output, conversation) to [L, C]."""
    with torch.no_grad():
        return {
            (name, id): logits[i, batch.mask[i]]
            for batch in batches
            for name, logits in model.eval().outputs(batch).items()
            for i, id in enumerate(batch.conversation_ids)
        }


def in_every_stage(model):
    """Enters one stage after the other."""
    for stage in model.stages():
        model.start_stage(stage)
        yield stage


@every_model
@given(
    lengths=st.lists(st.integers(1, 40), min_size=2, max_size=6), order=st.randoms(), cut=st.data()
)
@settings(max_examples=15, deadline=None)
def test_a_prediction_never_depends_on_what_it_is_batched_with(name, lengths, order, cut):
    model = make_model(name)
    items = make_items(lengths, missing=0.2)
    alone = logits_by_id(model, [collate([item]) for item in items])
    assert {id for output, id in alone if output == "final"} == {item.id for item in items}
    shuffled = order.sample(items, len(items))
    first = cut.draw(st.integers(1, len(items) - 1))
    batches = [collate(shuffled[:first]), collate(shuffled[first:])]
    for key, logits in logits_by_id(model, batches).items():
        torch.testing.assert_close(logits, alone[key], atol=1e-5, rtol=1e-5)


@every_model
def test_nothing_ever_comes_from_padding_or_from_missing_rows(name):
    model, batch = make_model(name), make_batch([5, 1, 3], missing=0.3)
    features = {
        m: torch.where(batch.present[m][..., None], values, torch.nan)
        for m, values in batch.features.items()
    }
    poisoned = replace(batch, features=features, speakers=batch.speakers + 9 * ~batch.mask)

    def gradients(some_batch):
        model.zero_grad()
        torch.manual_seed(1)
        whole = model.train().standardise(some_batch)
        loss = model.training_losses(whole, whole)["loss"]
        loss.backward()
        return [loss.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]

    for _ in in_every_stage(model):
        for clean, other in zip(gradients(batch), gradients(poisoned), strict=True):
            assert torch.isfinite(other).all()
            assert torch.equal(clean, other)
    clean, other = (logits_by_id(model, [b]) for b in (batch, poisoned))
    assert all(torch.equal(clean[key], other[key]) for key in clean)


@every_model
def test_a_missing_row_is_not_a_row_of_average_features(name):
    model, batch = make_model(name), make_batch([4])
    average = model.standardise.get_buffer("audio_mean").expand(1, 4, -1)
    seen = replace(batch, features=batch.features | {"audio": average})
    unseen = replace(batch, present=batch.present | {"audio": torch.zeros(1, 4, dtype=torch.bool)})
    model.eval()
    assert not torch.allclose(model(seen).logits, model(unseen).logits)


@every_model
def test_gradients_reach_every_parameter_in_its_stage_and_in_no_other(name):
    model, batch = make_model(name), make_batch([9, 7], missing=0.3)
    reached = []
    for stage in in_every_stage(model):
        model.zero_grad()
        model.training_losses(batch, batch)["loss"].backward()
        gradients = {n: p.grad for n, p in model.network.named_parameters()}
        reached += [n for n, grad in gradients.items() if grad is not None and (grad != 0).any()]
        assert all(n.startswith(stage.trains) for n, grad in gradients.items() if grad is not None)
    assert sorted(reached) == sorted(gradients)


@every_model
def test_what_a_stage_does_not_train_neither_changes_nor_drops_out(name):
    model = make_model(name)
    for stage in in_every_stage(model):
        frozen = [n for n, p in model.network.named_parameters() if not p.requires_grad]
        optimised = {
            p for group in model.configure_optimizers().param_groups for p in group["params"]
        }
        assert not optimised & {model.network.get_parameter(n) for n in frozen}
        active = [n for n, m in model.network.named_modules() if n and m.training]
        assert all(n.startswith(stage.trains) for n in active)
        assert active


@every_model
def test_working_a_batch_off_in_pieces_gives_the_same_gradient(name):
    off = {k: 0.0 for k in vars(model_settings(name)) if k.endswith("dropout")}
    alone = {"beta": 1.0} if name == "hcam" else {}  # contrast needs the whole batch
    model, batch = make_model(name, **off, **alone), make_batch([5, 1, 3, 4], unlabelled=0.2)
    whole = model.standardise(batch)
    model.training_losses(whole, whole)["loss"].backward()
    expected = [p.grad.clone() for p in model.network.parameters() if p.grad is not None]
    model.zero_grad()
    for piece in whole.pieces(5):
        model.training_losses(piece, whole)["loss"].backward()
    actual = [p.grad for p in model.network.parameters() if p.grad is not None]
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


@every_model
@pytest.mark.parametrize("lengths", [[1], [500], [1, 30, 2]])
def test_any_length_can_be_read(name, lengths):
    batch = make_batch(lengths)
    logits = make_model(name).eval()(batch).logits
    assert logits.shape == (len(lengths), max(lengths), LABELS)
    assert torch.isfinite(logits).all()


@every_model
@pytest.mark.parametrize("modalities", SUBSETS, ids="+".join)
def test_any_modalities_are_enough(name, modalities):
    spec = replace(SPEC, widths={m: WIDTHS[m] for m in modalities})
    options = {"primary": modalities[0]} if hasattr(model_settings(name), "primary") else {}
    model, batch = make_model(name, spec, **options), make_batch([3, 2], widths=spec.widths)
    assert torch.isfinite(model(batch).logits).all()
    trained = {part for stage in model.stages() for part in stage.trains}
    assert all(n.startswith(tuple(trained)) for n, _ in model.network.named_parameters())


@pytest.mark.parametrize("name", [n for n in MODELS.names if hasattr(model_settings(n), "primary")])
def test_without_the_primary_modality_the_error_says_what_to_set(name):
    spec = replace(SPEC, widths={"audio": 3, "visual": 4})
    with pytest.raises(ErcbenchError, match=r"model\.primary=text: .*set model\.primary=audio"):
        make_model(name, spec)


@every_model
def test_a_batch_without_any_label_trains_without_harm(name):
    model, batch = make_model(name), make_batch([3, 2], unlabelled=1.0)
    for _ in in_every_stage(model):
        model.training_losses(batch, batch)["loss"].backward()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def fit(model, folder, **options):
    loader = DataLoader(make_items([3, 1, 4, 2]), batch_size=2, collate_fn=collate)
    model.standardise.fit({m: (torch.full((w,), 0.1), torch.ones(w)) for m, w in WIDTHS.items()})
    L.seed_everything(0, verbose=False)
    for _ in in_every_stage(model):
        trainer = L.Trainer(
            max_epochs=2,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
            **options,
        )
        trainer.fit(model, loader, loader)
    trainer.save_checkpoint(folder / "end.ckpt")
    return {n: p.clone() for n, p in model.state_dict().items()}


@every_model
@pytest.mark.filterwarnings("ignore")
def test_the_same_seed_gives_the_same_weights_and_they_survive_a_checkpoint(name, tmp_path):
    first, again = (fit(make_model(name), tmp_path) for _ in range(2))
    assert all(torch.equal(first[n], again[n]) for n in first)
    other = make_model(name)
    load_weights(other, tmp_path / "end.ckpt")
    assert all(torch.equal(first[n], p) for n, p in other.state_dict().items())
    loaded = type(other).load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    assert loaded.settings == other.settings
    assert all(torch.equal(first[n], p) for n, p in loaded.state_dict().items())


@every_model
@pytest.mark.filterwarnings("ignore")
def test_it_trains_in_bfloat16(name, tmp_path):
    weights = fit(make_model(name), tmp_path, precision="bf16-mixed")
    assert all(torch.isfinite(p).all() for p in weights.values())


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    fit(make_model("mlp"), tmp_path)
    path = tmp_path / "end.ckpt"
    with pytest.raises(ErcbenchError, match=r"trained for another model \(MLP\); expected GRU"):
        load_weights(make_model("gru"), path)
    wider = replace(SPEC, widths=WIDTHS | {"text": 6})
    with pytest.raises(ErcbenchError, match="trained for another data"):
        load_weights(make_model("mlp", wider), path)
    with pytest.raises(ErcbenchError, match="the weights do not fit"):
        load_weights(make_model("mlp", hidden=16), path)
    (tmp_path / "torn.ckpt").write_bytes((tmp_path / "end.ckpt").read_bytes()[:1000])
    with pytest.raises(ErcbenchError, match="not a readable ercbench checkpoint"):
        load_weights(make_model("mlp"), tmp_path / "torn.ckpt")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("cfn_esa", {"hidden": 10, "heads": 4}),
        ("cfn_esa", {"acme_dropout": 1.0}),
        ("cfn_esa", {"emotion_loss": "focus"}),
        ("hcam", {"hidden": 9}),
        ("hcam", {"context_attention": 61}),
        ("hcam", {"fusion_attention": 0}),
        ("hcam", {"beta": 1.5}),
        ("hcam", {"temperature": 0.0}),
        ("hcam", {"fusion_epochs": 0}),
        ("hcam", {"piece_utterances": 100, "beta": 0.5}),
        ("m2fnet", {"hidden": 10, "heads": 4}),
        ("m2fnet", {"fusion": "fam"}),
        ("m2fnet", {"positions": "learned"}),
        ("m2fnet", {"encoders": 0}),
        ("mlp", {"layers": 0}),
        ("gru", {"learning_rate": 0.0}),
        ("gru", {"class_weights": "equal"}),
        ("mlp", {"piece_utterances": 0}),
    ],
)
def test_a_setting_out_of_range_is_named(name, wrong):
    with pytest.raises(ErcbenchError, match=rf"model\.{next(iter(wrong))}=.*expected"):
        model_settings(name, **wrong)
