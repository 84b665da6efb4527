"""Training steps of M2FNet's extractor: ours against a plain float32 loop.

As many random pictures as IEMOCAP has training clips, batches of 48. The plain loop is the same
network in torch's usual memory layout, the same triplets and torch's default AdamW. Loading is
timed alone, augmentation included. Times are the processor's, so that other work does not count.

Usage: python benchmarks/extractor.py [--batches 40] [--side 64]
"""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from ercbench.config.compose import build_encoder
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.data.utterances import UtteranceBatch, UtteranceDataModule
from ercbench.features.encoders.encoder import Item
from ercbench.models.m2fnet.audio import PictureReader
from ercbench.models.m2fnet.triplet import extractor_loss

CLIPS, LABELS = 5163, ("happy", "sad", "neutral", "angry", "excited", "frustrated")


def datamodule(side: int) -> UtteranceDataModule:
    """Returns batches of random square pictures, balanced and augmented as in training."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (CLIPS, side, side), dtype=np.uint8)
    rows = {str(clip): clip for clip in range(CLIPS)}

    def picture_of(item: Item) -> np.ndarray:
        return pictures[rows[item.utterance.id]]

    turns = [Utterance(str(clip), "F", "", LABELS[clip % 6]) for clip in range(CLIPS)]
    parts = {"train": turns[:-2], "validation": turns[-2:-1], "test": turns[-1:]}
    conversations = tuple(Conversation(part, tuple(own)) for part, own in parts.items())
    split = Split(("train",), ("validation",), ("test",))
    corpus = Corpus("random", LABELS, conversations, {"given": split}, {})
    return UtteranceDataModule(corpus, "given", PictureReader(picture_of), 48, 12, True)


def step_of(variant: str, data: UtteranceDataModule) -> Callable[[UtteranceBatch], None]:
    """Returns what takes one training step on a batch."""
    torch.manual_seed(0)
    model = build_encoder("m2fnet_audio", data.spec)
    bf16 = variant.endswith("bf16")
    if variant.startswith("plain"):
        network: Any = model.network
        network.to(memory_format=torch.contiguous_format)
        network.extractor.forward = plain_forward(network.extractor)
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(model.parameters())
    else:
        optimizer = model.configure_optimizers()

    def step(batch: UtteranceBatch) -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            vectors = model(batch).vectors
        extractor_loss(vectors, batch.labels).total.backward()
        optimizer.step()

    return step


def plain_forward(extractor: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """Returns the extractor's forward pass without a word about memory."""

    def forward(pictures: torch.Tensor) -> torch.Tensor:
        pooled = extractor.resnet(pictures.contiguous()).pooler_output.flatten(1)
        return nn.functional.normalize(extractor.project(pooled), dim=-1)

    return forward


def seconds(work: Iterable[object]) -> float:
    """Returns the processor time it takes to go through something."""
    started = time.process_time()
    for _ in work:
        pass
    return time.process_time() - started


def main() -> None:
    """Prints a row per variant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--side", type=int, default=64, help="pixels")
    options = parser.parse_args()
    count, data = options.batches, datamodule(options.side)
    batches = [batch for _, batch in zip(range(count), data.train_dataloader(), strict=False)]
    loading = seconds(zip(range(count), data.train_dataloader(), strict=False))
    threads = f"{torch.get_num_threads()} threads"
    table = Table(title=f"{count} batches of 48 pictures of {options.side} pixels, {threads}")
    for column in ("", "processor seconds", "times as fast", "share of loading"):
        table.add_column(column, justify="right" if column else "left")
    plain = None
    for variant in ("plain float32", "plain bf16", "ours float32", "ours bf16"):
        step = step_of(variant, data)
        step(batches[0])
        own = seconds(step(batch) for batch in batches)
        plain = plain or own
        share = f"{loading / (loading + own):.1%}"
        table.add_row(variant, f"{own:.1f}", f"{plain / own:.2f}", share)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
