"""One training epoch of CFN-ESA at the paper's size: ours against the plain formulation.

Sizes: width 512, 8 heads, 2 RUME and 5 ACME layers, inputs 1024/342/1582, batches of 32 random
dialogues of IEMOCAP's real lengths with random features, AdamW with amsgrad. Each variant runs
in a process of its own, which tells its seconds and its peak memory.

Usage: python benchmarks/cfn_esa_epoch.py [--only VARIANT]
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from rich.console import Console
from rich.table import Table

from ercbench.data.batch import ConversationBatch, ConversationItem, collate
from ercbench.data.datamodule import DataSpec
from ercbench.models.cfn_esa.lightning import CFNESA
from iemocap_lengths import LENGTHS
from plain_cfn_esa import PlainCFNESA, plain_loss

WIDTHS = {"text": 1024, "visual": 342, "audio": 1582}
SPEC = DataSpec(WIDTHS, [str(i) for i in range(6)], [504, 839, 1324, 933, 742, 1468], 0.5447)
PAPER = {
    "hidden": 512,
    "heads": 8,
    "rume_layers": 2,
    "rume_dropout": 0.2,
    "acme_layers": 5,
    "acme_dropout": 0.4,
    "learning_rate": 2e-5,
}
BATCH = 32
# Utterances computed at once; less memory, the same gradient.
VARIANTS: dict[str, int | None] = {
    "plain float32": None,
    "plain bf16-mixed": None,
    "ours float32": 500,
    "ours bf16-mixed": 350,
}


def batches() -> list[list[ConversationItem]]:
    """Returns the epoch's batches, in a random order that is the same for every variant."""
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(LENGTHS), generator=generator).tolist()
    items = [_item(index, generator) for index in order]
    return [items[first : first + BATCH] for first in range(0, len(items), BATCH)]


def _item(index: int, generator: torch.Generator) -> ConversationItem:
    length = LENGTHS[index]
    return ConversationItem(
        id=str(index),
        features={m: torch.randn(length, w, generator=generator) for m, w in WIDTHS.items()},
        present={m: torch.ones(length, dtype=torch.bool) for m in WIDTHS},
        speakers=torch.zeros(length, dtype=torch.int64),
        labels=torch.randint(0, 6, (length,), generator=generator),
    )


def backward(variant: str, model: CFNESA, plain: PlainCFNESA, batch: ConversationBatch) -> None:
    """Accumulates one batch's gradients."""
    with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant):
        if variant.startswith("plain"):
            emotions, shifts = plain(batch)
            weights = model.class_weights, model.shift_class_weights
            plain_loss(emotions, shifts, batch, *weights).backward()
            return
        for piece in batch.pieces(VARIANTS[variant]):
            model.training_losses(piece, batch)["loss"].backward()


def epoch(variant: str) -> dict[str, float]:
    """Trains one epoch; returns its seconds and the process's peak memory in GB."""
    torch.manual_seed(0)
    model = CFNESA(SPEC, **PAPER).train()
    plain = PlainCFNESA(model.network)
    optimizer: torch.optim.Optimizer = model.configure_optimizers()
    if variant.startswith("plain"):
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=1e-5, amsgrad=True)
    made = batches()
    started = time.perf_counter()
    for items in made:
        optimizer.zero_grad()
        backward(variant, model, plain, collate(items))
        optimizer.step()
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    """Measures every variant and prints the ratios to the plain formulation in float32."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(VARIANTS))
    only = parser.parse_args().only
    if only:
        print(json.dumps(epoch(only)))
        return
    table = Table(title="CFN-ESA, one epoch on IEMOCAP's lengths (5,810 utterances)")
    for title in ("", "seconds", "utterances/s", "times as fast", "peak GB", "share of memory"):
        table.add_column(title, justify="right")
    base: dict[str, float] = {}
    for variant in VARIANTS:
        command = [sys.executable, __file__, "--only", variant]
        found = json.loads(subprocess.check_output(command))
        base = base or found
        table.add_row(
            variant,
            f"{found['seconds']:.1f}",
            f"{sum(LENGTHS) / found['seconds']:.0f}",
            f"{base['seconds'] / found['seconds']:.2f}",
            f"{found['gigabytes']:.2f}",
            f"{found['gigabytes'] / base['gigabytes']:.2f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
