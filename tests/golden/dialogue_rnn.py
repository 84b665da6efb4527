"""Writes dialogue_rnn.json: what the public code of DialogueRNN computes, filled by formula.

Usage: PYTHONPATH=tests/support:benchmarks python tests/golden/dialogue_rnn.py CLONE

CLONE is a clone of https://github.com/declare-lab/conv-emotion (commit 6128ca2, MIT licence). Its
folder DialogueRNN is run as it is, on the CPU; nothing of it is part of ercbench.
"""

import json
import sys
from pathlib import Path

import torch
from formula import fill, filled
from torch.nn.functional import one_hot
from torch.nn.utils.rnn import pad_sequence

from iemocap_lengths import LENGTHS

SIZES = {"width": 6, "hidden": 7, "emotion": 5, "classes": 4}
DIALOGUES = (5, 1, 9)
SPEAKERS = ([0, 1, 1, 0, 1], [0], [0, 1, 2, 1, 0, 0, 1, 2, 1])
WEIGHTS = [1.0, 2.0, 3.0, 4.0]


def built(code, sizes, listener):
    """Returns the public network in evaluation."""
    d, h, e, c = sizes.values()
    options = {"listener_state": listener, "context_attention": "general"}
    return code.BiModel(d, h, h, e, e, c, **options).eval()


def answered(code, listener):
    """Returns log probabilities, the loss and its gradient's norm."""
    network = fill(built(code, SIZES, listener).double())
    rows = pad_sequence([filled(f"rows{i}", (n, 6)) for i, n in enumerate(DIALOGUES)])
    who = pad_sequence([one_hot(torch.tensor(each), 3).double() for each in SPEAKERS])
    mask = pad_sequence([torch.ones(n).double() for n in DIALOGUES], batch_first=True)
    labels = pad_sequence([torch.arange(n) % 4 for n in DIALOGUES], batch_first=True)
    log_probabilities = network(rows, who, mask)[0].transpose(0, 1)  # [B, L, C]
    nll = code.MaskedNLLLoss(torch.tensor(WEIGHTS, dtype=torch.float64))
    loss = nll(log_probabilities.flatten(0, 1), labels.view(-1), mask)
    loss.backward()
    return {
        "log_probabilities": log_probabilities[mask.bool()].tolist(),
        "loss": loss.item(),
        "gradient_norm": torch.stack([p.grad.norm() for p in network.parameters()]).norm().item(),
    }


def changed_by_the_batch(code):
    """Returns the share of predictions that differ in batches of 16 from those alone."""
    torch.manual_seed(0)
    network = built(code, {"width": 100, "hidden": 500, "emotion": 300, "classes": 6}, False)
    changed = []
    with torch.no_grad():
        for start in range(0, 64, 16):
            lengths = LENGTHS[start : start + 16]
            rows = pad_sequence([torch.randn(n, 100) for n in lengths])
            who = pad_sequence([one_hot(torch.randint(0, 2, (n,)), 2).float() for n in lengths])
            mask = pad_sequence([torch.ones(n) for n in lengths], batch_first=True)
            together = network(rows, who, mask)[0].argmax(-1)
            for i, n in enumerate(lengths):
                alone = network(rows[:n, i : i + 1], who[:n, i : i + 1], mask[i : i + 1, :n])
                changed.append(alone[0].argmax(-1)[:, 0] != together[:n, i])
    return torch.cat(changed).double().mean().item()


def parameters(code, *sizes):
    """Returns how many parameters the public network has."""
    names = ("width", "hidden", "emotion", "classes")
    network = built(code, dict(zip(names, sizes, strict=True)), False)
    return sum(p.numel() for p in network.parameters())


def main(clone):
    """Writes the file beside this one."""
    sys.path.insert(0, f"{clone}/DialogueRNN")
    import model as code

    found = {
        "plain": answered(code, False),
        "listener": answered(code, True),
        "parameters": [parameters(code, 100, 500, 300, 6), parameters(code, 900, 150, 100, 7)],
        "share_changed_by_the_batch": changed_by_the_batch(code),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
