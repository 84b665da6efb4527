"""What Lightning and our loop cost over a bare loop on the same batches.

Trains CFN-ESA (width 256) on the simulated corpus, the bare loop and the trainer in turn, and
prints the ratio of their times, pair by pair.

Usage: python benchmarks/loop_overhead.py
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import lightning as L
import torch

from ercbench.config.compose import build_dataset, build_model
from ercbench.training.callbacks import StepSeeds
from ercbench.training.trainer import quiet_lightning

PAIRS, EPOCHS = 5, 2


def build(stores: str) -> tuple[Any, Any]:
    """Returns a fresh model and its data."""
    torch.manual_seed(0)
    data = build_dataset("simulated", Path(stores), simulation={"train": 300})
    model = build_model("cfn_esa", data.spec, hidden=256, heads=8, acme_layers=3)
    model.standardise.fit(data.statistics)
    return model, data


def bare(stores: str) -> float:
    """Returns the seconds of a loop with nothing but loss, backward and step."""
    model, data = build(stores)
    loader, optimizer = data.train_dataloader(), model.configure_optimizers()
    model.train()
    started = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in loader:
            optimizer.zero_grad()
            whole = model.standardise(batch)
            model.training_losses(whole, whole)["loss"].backward()
            optimizer.step()
    return time.perf_counter() - started


def trainer(stores: str) -> float:
    """Returns the seconds of the trainer on the same batches, without validation."""
    model, data = build(stores)
    fitter = L.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        callbacks=[StepSeeds(0)],
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        limit_val_batches=0,
    )
    started = time.perf_counter()
    fitter.fit(model, data)
    return time.perf_counter() - started


def main() -> None:
    """Measures in turn and prints the median ratio."""
    quiet_lightning()
    with tempfile.TemporaryDirectory() as stores:
        bare(stores)
        ratios = [trainer(stores) / bare(stores) for _ in range(PAIRS)]
    print(f"trainer / bare loop, {PAIRS} pairs: {', '.join(f'{r:.3f}' for r in ratios)}")
    print(f"median {median(ratios):.3f}")


if __name__ == "__main__":
    main()
