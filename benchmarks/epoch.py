"""One training epoch of every model at its paper's size: ours against the plain formulation.

Batches of 32 random dialogues of IEMOCAP's real lengths with random features, AdamW. A model of
several stages trains an epoch of each. Each variant runs in a process of its own, which tells its
seconds and its peak memory. The plain formulation draws its dropout and takes its steps as torch
does by default.

Usage: python benchmarks/epoch.py [--model NAME] [--variant VARIANT]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from ercbench.config.compose import build_model
from ercbench.data.batch import ConversationBatch, ConversationItem, collate
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.blocks.attention import Dropout
from ercbench.models.registry import MODELS
from iemocap_lengths import LENGTHS
from plain import LOSSES
from sizes import SIZES, Size

BATCH = 32
VARIANTS = ("plain float32", "plain bf16-mixed", "ours float32", "ours bf16-mixed")


def batches(widths: dict[str, int]) -> list[list[ConversationItem]]:
    """Returns the epoch's batches, in a random order that is the same for every variant."""
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(LENGTHS), generator=generator).tolist()
    items = [_item(index, widths, generator) for index in order]
    return [items[first : first + BATCH] for first in range(0, len(items), BATCH)]


def _item(index: int, widths: dict[str, int], generator: torch.Generator) -> ConversationItem:
    length = LENGTHS[index]
    return ConversationItem(
        id=str(index),
        features={m: torch.randn(length, w, generator=generator) for m, w in widths.items()},
        present={m: torch.ones(length, dtype=torch.bool) for m in widths},
        speakers=torch.zeros(length, dtype=torch.int64),
        labels=torch.randint(0, 6, (length,), generator=generator),
    )


class Ours:
    """Our formulation, as the classifier trains it."""

    def __init__(self, name: str, size: Size, precision: str) -> None:
        self.model: ConversationClassifier = build_model(name, size.spec, **size.settings)
        self.micro_batches = size.micro_batches.get(precision)

    def optimizer(self) -> torch.optim.Optimizer:
        """Returns the optimiser of the model's stage."""
        return self.model.configure_optimizers()

    def backward(self, batch: ConversationBatch) -> None:
        """Accumulates one batch's gradients."""
        for micro_batch in batch.micro_batches(self.micro_batches):
            self.model.training_losses(micro_batch, batch)["loss"].backward()


class Plain(Ours):
    """The plain formulation, with torch's own dropout and torch's default AdamW."""

    def __init__(self, name: str, size: Size, precision: str) -> None:
        super().__init__(name, size, precision)
        self.loss = LOSSES[name]
        for module in list(self.model.modules()):
            for child, dropout in module.named_children():
                if isinstance(dropout, Dropout):
                    setattr(module, child, nn.Dropout(dropout.rate))

    def optimizer(self) -> torch.optim.Optimizer:
        """Returns the same optimiser, unfused."""
        ours = self.model.configure_optimizers()
        options = {k: ours.defaults[k] for k in ("lr", "weight_decay", "amsgrad")}
        return torch.optim.AdamW(ours.param_groups[0]["params"], **options)

    def backward(self, batch: ConversationBatch) -> None:
        """Accumulates one batch's gradients."""
        self.loss(self.model, batch).backward()


def measure(name: str, variant: str) -> dict[str, Any]:
    """Trains an epoch of each stage; returns their seconds and the process's peak memory in GB."""
    torch.manual_seed(0)
    size, (formulation, precision) = SIZES[name], variant.split()
    trained = (Ours if formulation == "ours" else Plain)(name, size, precision)
    made, seconds = batches(size.widths), {}
    for stage in trained.model.stages():
        trained.model.start_stage(stage)
        started = time.perf_counter()
        epoch(trained, made, autocast=precision == "bf16-mixed")
        seconds[stage.name] = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": seconds, "gigabytes": peak}


def epoch(trained: Ours, made: list[list[ConversationItem]], autocast: bool) -> None:
    """Takes one step on every batch; autocast forgets its copies of the weights at each."""
    optimizer = trained.optimizer()
    for items in made:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            trained.backward(collate(items))
        optimizer.step()


def compare(name: str) -> Table:
    """Measures every variant of a model; ratios are to the plain formulation in float32."""
    table = Table(title=f"{name}, one epoch on IEMOCAP's lengths ({sum(LENGTHS):,} utterances)")
    columns = ("", "seconds", "utterances/s", "times as fast", "peak GB", "share of memory")
    for title in columns:
        table.add_column(title, justify="right")
    base: dict[str, Any] = {}
    for variant in VARIANTS:
        command = [sys.executable, __file__, "--model", name, "--variant", variant]
        found = json.loads(subprocess.check_output(command))
        base = base or found
        for row in _rows(variant, found, base):
            table.add_row(*row)
    return table


def _rows(variant: str, found: dict[str, Any], base: dict[str, Any]) -> list[list[str]]:
    """Returns a row for all stages together and, if there are several, one for each."""
    stages, basis = found["seconds"], base["seconds"]
    memory = [f"{found['gigabytes']:.2f}", f"{found['gigabytes'] / base['gigabytes']:.2f}"]
    rows = [[variant, *_speed(sum(stages.values()), sum(basis.values())), *memory]]
    if len(stages) > 1:
        rows += [[stage, *_speed(own, basis[stage]), "", ""] for stage, own in stages.items()]
    return rows


def _speed(seconds: float, basis: float) -> list[str]:
    return [f"{seconds:.1f}", f"{sum(LENGTHS) / seconds:.0f}", f"{basis / seconds:.2f}"]


def main() -> None:
    """Measures one model, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=MODELS.names)
    parser.add_argument("--variant", choices=VARIANTS)
    chosen = parser.parse_args()
    if chosen.variant:
        print(json.dumps(measure(chosen.model, chosen.variant)))
        return
    for name in [chosen.model] if chosen.model else MODELS.names:
        Console(width=100).print(compare(name))


if __name__ == "__main__":
    main()
