"""What a step of fine-tuning a text encoder costs, beside the plain loop and the machine's matmul.

    python benchmarks/finetune.py MODEL_FOLDER STORE [--split standard]

The plain loop takes random batches, padded to the longest, under bfloat16 autocast; ours puts
utterances of like length together, and then also keeps half of the layers as they are; the last
two read the turns around an utterance, three on each side or the whole dialogue. All are measured
in turn in one process, in processor seconds, since machines are busy. Arithmetic counts on real
tokens only: 2 operations per weight of a layer forward, 4 backward where it is trained.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from ercbench.config.compose import encoder_settings
from ercbench.data.sampler import ConversationBatchSampler
from ercbench.data.utterances import UtteranceBatch, UtteranceDataModule, UtteranceSpec
from ercbench.features.store.feature_store import FeatureStore
from ercbench.models.hcam.layers import layers_of
from ercbench.models.hcam.stage_one import HCAMText


def main() -> None:
    """Prints a line for each way: tokens and operations a second, and their share of matmul's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--split", default="standard")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16, help="utterances")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    own = parser.parse_args()
    torch.set_num_threads(own.threads)
    plain, half = make(own.model), make(own.model, half=True)
    near = make(own.model, half=True, before=3, after=3)
    whole = make(own.model, half=True, whole_dialogue=True, max_tokens=256)
    ways = {
        "plain loop": (plain, batches(plain, own, window=1)),
        "like lengths": (plain, batches(plain, own, window=16)),
        "upper half": (half, batches(half, own, window=16)),
        "3 turns around": (near, batches(near, own, window=16)),
        "whole dialogue": (whole, batches(whole, own, window=16)),
    }
    best = dict.fromkeys(ways, float("inf"))
    rate = 0.0
    for _ in range(own.rounds):
        rate = max(rate, matmul_rate())
        for name, (model, given) in ways.items():
            best[name] = min(best[name], seconds(partial(train, model, given)))
    print(f"matmul: {rate / 1e9:.0f} GFLOP/s of a processor second, bfloat16")
    for name, (model, given) in ways.items():
        tokens, padded = count(model.network.backbone.config.pad_token_id, given)
        utterances = sum(len(batch.ids) for batch in given)
        share = operations(model, tokens) / best[name] / rate
        print(
            f"{name:14} {utterances / best[name]:6.1f} utterances/s "
            f"{tokens / best[name]:6.0f} tokens/s {share:5.0%} of matmul "
            f"{1 - tokens / padded:4.0%} padding"
        )


def count(padding: int, given: list[UtteranceBatch]) -> tuple[int, int]:
    """Returns how many tokens are read, and how many with padding; a dialogue's stretch once."""
    read = [torch.unique_consecutive(batch.inputs["ids"], dim=0) for batch in given]
    return sum(int((ids != padding).sum()) for ids in read), sum(ids.numel() for ids in read)


def make(folder: Path, half: bool = False, **changes: Any) -> HCAMText:
    """Returns an encoder of two labels, with half of its layers frozen if so wished."""
    layers = AutoConfig.from_pretrained(folder).num_hidden_layers
    options = {"backbone": str(folder), "beta": 1.0, "frozen_layers": layers // 2 if half else 0}
    settings = vars(encoder_settings("hcam_text", **options, **changes))
    settings.pop("_target_", None)
    return HCAMText(UtteranceSpec(["negative", "positive"], [1, 1]), **settings)


def batches(model: HCAMText, own: Any, window: int) -> list[UtteranceBatch]:
    """Returns as many training batches as there are steps."""
    reader = HCAMText.make_reader(model.settings, None, Path())
    corpus, whole = FeatureStore(own.store).corpus, model.settings.whole_dialogue
    data = UtteranceDataModule(corpus, own.split, reader, own.batch, whole_dialogue=whole)
    part = data.part("train")
    sampler: Any = ConversationBatchSampler(part.lengths, own.batch, 0, lambda: 0, window)
    if whole:
        sampler = data.train_dataloader().batch_sampler
    return [data.collate([part[i] for i in rows]) for rows in islice(sampler, own.steps)]


def train(model: HCAMText, given: list[UtteranceBatch]) -> None:
    """Takes a step on each batch."""
    model.train()
    optimizer = model.make_optimizer(model.parameter_groups())
    for batch in given:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.training_losses(batch, batch)["loss"]
        loss.backward()
        optimizer.step()


def operations(model: HCAMText, tokens: int) -> float:
    """Returns the operations that so many tokens take in the layers, attention's scores aside."""
    name, _ = layers_of(model.network.backbone)
    weights = [p for p in model.network.backbone.get_submodule(name).parameters() if p.dim() == 2]
    trained = sum(p.numel() for p in weights if p.requires_grad)
    return tokens * (2 * sum(p.numel() for p in weights) + 4 * trained)


def matmul_rate() -> float:
    """Returns operations per processor second of a product of the layers' size, the best of 10."""
    rows, weights = (torch.randn(n, 768, dtype=torch.bfloat16) for n in (1024, 3072))
    best = min(seconds(lambda: torch.nn.functional.linear(rows, weights)) for _ in range(10))
    return 2 * 1024 * 768 * 3072 / best


def seconds(work: Callable[[], Any]) -> float:
    """Returns the processor seconds that something takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
