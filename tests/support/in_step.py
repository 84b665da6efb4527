"""What several processes do together in a test, or one alone."""

import json
import sys
from dataclasses import fields

import torch
import torch.distributed as dist

from ercbench import cli
from ercbench.config.compose import build_model
from ercbench.data.datamodule import DataSpec
from ercbench.models.base.sharing import average_gradients
from ercbench.models.registry import MODELS
from ercbench.processes import how_many, is_first
from ercbench.testing.dialogues import make_batch

SPEC = DataSpec({"text": 8, "audio": 4, "visual": 12}, list("abcd"), [4, 3, 2, 1], 0.6)
SENTIMENTS = {"a": "positive", "b": "negative", "c": "neutral", "d": "negative"}
# Settings that a model has beside its size for tests.
OTHERS = {
    "cfn_esa": {"class_weights": "inverse"},
    "graphsmile": {"sentiments": SENTIMENTS, "text_norm": "as_released"},
    "gru": {"class_weights": "inverse"},
    "hcam": {"beta": 0.3},
    "multiemo": {"contrastive_weight": 0.5, "correlation_weight": 0.5},
}
BATCHES = ([7, 5, 3, 1, 1], [4])  # the second has fewer conversations than there are processes


def made(name):
    """A model without dropout, whose batches all processes share."""
    torch.manual_seed(0)
    off = {own.name: 0.0 for own in fields(MODELS[name].settings) if own.name.endswith("dropout")}
    model = build_model(name, SPEC, **{**MODELS[name].tiny, **off, **OTHERS.get(name, {})})
    model.processes = how_many()
    return model


def gradients(model, lengths):
    """The loss of a batch and its gradients, of all processes."""
    batch = make_batch(lengths, widths=SPEC.widths, classes=4, unlabelled=0.2)
    model.zero_grad()
    loss = model.training_losses(batch, batch)["loss"]
    loss.backward()
    if how_many() > 1:
        average_gradients(model.network.parameters())
    own = {n: p.grad.clone() for n, p in model.network.named_parameters() if p.grad is not None}
    return {"loss": loss.detach(), **own}


def every_gradient():
    """Gradients of every model, on each batch."""
    models = {name: made(name) for name in MODELS.names}
    return {f"{n} {size}": gradients(own, size) for n, own in models.items() for size in BATCHES}


def main(folder):
    """Leaves gradients, and what commands print and lead to, in a folder."""
    if how_many() > 1:
        dist.init_process_group("gloo")
    found = every_gradient()
    if is_first():
        torch.save(found, folder / "gradients.pt")
    for arguments in json.loads((folder / "commands.json").read_text()):
        sys.argv = ["ercbench", *arguments]
        cli.main()
