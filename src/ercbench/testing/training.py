"""The clauses of a dialogue model's contract on how it is trained."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ercbench.corpora.conversation import first_few
from ercbench.data.batch import ConversationBatch, collate
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.trainable import load_weights
from ercbench.settings import SettingError
from ercbench.testing.candidate import Candidate, ask_what_learns, in_every_stage, logits_by_id
from ercbench.testing.clauses import NotAskedError, clause, expect
from ercbench.testing.dialogues import make_batch, make_items
from ercbench.training.trainer import quiet_lightning


@clause("parameters that forward does not use, detach(), and the parts that stages() names.")
def gradients_reach_every_parameter(candidate: Candidate) -> None:
    """Gradients reach every parameter, in its stage and in no other."""
    model, batch = candidate.build(), make_batch([9, 7], missing=0.3)
    reached: set[str] = set()
    for stage in in_every_stage(model):
        model.zero_grad()
        gradients = _gradients(model, [batch], batch)
        reached |= {name for name, gradient in gradients.items() if (gradient != 0).any()}
        astray = [name for name in gradients if not name.startswith(stage.trains)]
        expect(not astray, f"a gradient of {first_few(astray)} in stage '{stage.name}'.")
    idle = [name for name, _ in model.network.named_parameters() if name not in reached]
    expect(not idle, f"no gradient of {first_few(idle)}.")


@clause("configure_optimizers, train and start_stage, if the model has its own.")
def what_a_stage_does_not_train_rests(candidate: Candidate) -> None:
    """What a stage does not train neither changes nor drops anything out."""
    model = candidate.build()
    ask_what_learns(model)
    for stage in in_every_stage(model):
        groups = model.configure_optimizers().param_groups
        optimised = {parameter for group in groups for parameter in group["params"]}
        for name, parameter in model.network.named_parameters():
            trained = name.startswith(stage.trains)
            told = f"{name} in the optimiser of stage '{stage.name}'."
            expect(trained or parameter not in optimised, told)
        active = [name for name, m in model.network.named_modules() if name and m.training]
        astray = [name for name in active if not name.startswith(stage.trains)]
        expect(not astray, f"{first_few(astray)} in training mode in stage '{stage.name}'.")
        expect(active, f"nothing in training mode in stage '{stage.name}'.")


@clause(
    "losses, which are sums over a micro-batch divided by the count of the whole batch, and "
    "normalisation over a batch. Where a loss needs the whole batch, let the settings refuse "
    "micro_batch_utterances."
)
def micro_batches_give_the_same_gradient(candidate: Candidate) -> None:
    """Micro-batches give the gradient of the whole batch, unless the settings refuse them."""
    rates: dict[str, Any] = {name: 0.0 for name in candidate.settings if name.endswith("dropout")}
    try:
        candidate.build(**rates, micro_batch_utterances=5)
    except SettingError as refused:
        raise NotAskedError(str(refused)) from None
    model, batch = candidate.build(**rates), make_batch([5, 1, 3, 4], unlabelled=0.2)
    whole = model.preprocess(batch)
    expected = _gradients(model, [whole], whole)
    if _differ(expected, _gradients(model, [whole], whole)):  # it has dropout of its own
        model.eval()
        expected = _gradients(model, [whole], whole)
    differing = _differ(_gradients(model, whole.micro_batches(5), whole), expected)
    expect(not differing, f"another gradient of {first_few(differing)}.")


@clause("losses that are a mean over labelled utterances: over none it is NaN; see losses.py.")
def a_batch_without_labels_trains_without_harm(candidate: Candidate) -> None:
    """A batch without any label trains without harm."""
    model, batch = candidate.build(), make_batch([3, 2], unlabelled=1.0)
    for stage in in_every_stage(model):
        loss = model.training_losses(batch, batch)["loss"]
        expect(torch.isfinite(loss), f"a loss of {loss.item()} in stage '{stage.name}'.")
        for name, gradient in _gradients(model, [batch], batch).items():
            told = f"a gradient of {name} that is NaN or infinite in stage '{stage.name}'."
            expect(torch.isfinite(gradient).all(), told)


@clause("generators of random numbers that Lightning's seed_everything does not seed.")
def the_same_seed_gives_the_same_weights(candidate: Candidate) -> None:
    """The same seed gives the same weights, before training and after."""
    for when, steps in (("before", False), ("after", True)):
        first, again = (_weights(fitted(candidate) if steps else candidate.build()) for _ in "12")
        differing = [name for name in first if not torch.equal(first[name], again[name])]
        expect(not differing, f"other weights of {first_few(differing)} {when} training.")


@clause("tensors that are neither parameters nor persistent buffers, and settings not in __init__.")
def a_checkpoint_holds_all_of_it(candidate: Candidate) -> None:
    """A checkpoint holds all of the model: weights, settings and whatever training changes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "end.ckpt"
        model = fitted(candidate, path)
        other = candidate.build(seed=1)
        load_weights(other, path)
        loaded = type(model).load_from_checkpoint(path, map_location="cpu", weights_only=True)
    expect(loaded.settings == other.settings, "other settings in a model loaded from it.")
    batch = make_batch([4, 2])
    predicted = logits_by_id(model, [batch])
    for copy in (other, loaded):
        own = logits_by_id(copy, [batch])
        same = all(torch.equal(own[key], predicted[key]) for key in predicted)
        expect(same, "other predictions of a model loaded from it.")


@clause("operations on float16 or float64 and sums that bfloat16, with 8 bits, does not hold.")
def it_trains_in_bfloat16(candidate: Candidate) -> None:
    """It trains in bfloat16."""
    weights = _weights(fitted(candidate, precision="bf16-mixed"))
    broken = [name for name, values in weights.items() if not torch.isfinite(values).all()]
    expect(not broken, f"{first_few(broken)} NaN or infinite.")


def _gradients(
    model: ConversationClassifier, micro_batches: Sequence[ConversationBatch], whole: Any
) -> dict[str, Tensor]:
    """Returns the network's gradients by name, of those that have one."""
    model.zero_grad()
    for batch in micro_batches:
        model.training_losses(batch, whole)["loss"].backward()
    parameters = model.network.named_parameters()
    return {name: p.grad.clone() for name, p in parameters if p.grad is not None}


def _differ(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> list[str]:
    """Returns the names whose gradients differ by more than rounding."""
    close = {
        name
        for name in ours.keys() & theirs.keys()
        if torch.allclose(ours[name], theirs[name], atol=1e-6, rtol=1e-4)
    }
    return sorted((ours.keys() | theirs.keys()) - close)


def fitted(
    candidate: Candidate, path: Path | None = None, **options: Any
) -> ConversationClassifier:
    """Returns the model after two epochs of every stage, with a checkpoint if a path is given."""
    model = candidate.build()
    items: Any = make_items([3, 1, 4, 2])
    loader = DataLoader[Any](items, batch_size=2, collate_fn=collate)
    with _quiet():
        for _ in in_every_stage(model):
            trainer = L.Trainer(
                max_epochs=2,
                accelerator="cpu",
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                **options,
            )
            trainer.fit(model, loader, loader)
        if path is not None:
            trainer.save_checkpoint(path)
    return model


def _weights(model: ConversationClassifier) -> dict[str, Tensor]:
    return {name: values.clone() for name, values in model.state_dict().items()}


@contextmanager
def _quiet() -> Iterator[None]:
    quiet_lightning()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
