"""Writes graphsmile.json: what GraphSmile's public code computes, weights and inputs by formula.

Usage: PYTHONPATH=tests/support:benchmarks python tests/golden/graphsmile.py CLONE

CLONE is a clone of https://github.com/lijfrank-open/GraphSmile (commit 96745a2, which has no
licence). It is run as it is, on the CPU; nothing of it is part of ercbench.
"""

import json
import sys
from argparse import Namespace
from pathlib import Path

import torch
from formula import fill, filled
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from iemocap_lengths import LENGTHS

WIDTHS = {"text": 6, "visual": 4, "audio": 5}
DIALOGUES = (5, 1, 3)
CLASSES, LAMBDA, SHIFT_WINDOW = 6, (1.0, 1.0, 0.7), 2
SENTIMENTS = torch.tensor([2, 0, 1, 0, 2, 0])  # of the labels, as the public loader has them


def built(code, widths, hidden, layers, window, shift_window, dropout=0.0):
    """Returns the public network."""
    args = Namespace(
        textf_mode="textf0",
        no_cuda=True,
        win=window,
        modals="avl",
        shift_win=shift_window,
        hidden_dim=hidden,
        drop=dropout,
        heter_n_layers=[layers] * 3,
    )
    return code.GraphSmile(args, list(widths), CLASSES)


def inputs(dialogues):
    """Returns what the public network reads of dialogues, each a list of text, visual, audio."""
    text, visual, audio = (pad_sequence(list(each)) for each in zip(*dialogues, strict=True))
    lengths = [len(dialogue[0]) for dialogue in dialogues]
    return [text, text, text, text, visual, audio, None, None, lengths]


def losses(module, answers, labels, lengths, shift_window):
    """Returns the sum of the three losses, as the public trainer makes it."""
    emotion, sentiment, shift, _ = answers
    own = SENTIMENTS[labels]
    differ = module.build_match_sen_shift_label(shift_window, lengths, own)
    each = (
        F.nll_loss(F.log_softmax(emotion, -1), labels),
        F.nll_loss(F.log_softmax(sentiment, -1), own),
    )
    each = *each, F.nll_loss(F.log_softmax(shift, -1), differ)
    return sum(weight * loss for weight, loss in zip(LAMBDA, each, strict=True))


def reference(code, module, edges, training=False):
    """Returns logits, loss and the gradient's norm, with edge weights from a [K] to a [K]."""
    network = fill(built(code, WIDTHS.values(), 8, 2, [2, 1], SHIFT_WINDOW)).train(training)
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if name.endswith("edge_weight"):
                weights.copy_(edges(weights))
    make = [
        [filled(f"{m}{i}", (n, w), torch.float32) for m, w in WIDTHS.items()]
        for i, n in enumerate(DIALOGUES)
    ]
    answers = network(*inputs(make))
    labels = torch.cat([torch.arange(n) % CLASSES for n in DIALOGUES])
    loss = losses(module, answers, labels, DIALOGUES, SHIFT_WINDOW)
    loss.backward()
    norms = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    idle = sum(p.numel() for p in network.parameters() if p.grad is None)
    names = ("emotions", "sentiments", "shifts")
    return {
        "loss": loss.item(),
        "gradient_norm": torch.stack(norms).norm().item(),
        "without_gradient": idle,
        **{name: each.tolist() for name, each in zip(names, answers, strict=False)},
    }


def changed_by_the_batch(code):
    """Returns the share of predictions that differ in batches of 16 from those alone.

    Of 32 made-up dialogues of IEMOCAP's lengths by random weights, with edges between 0.9 and 1.1:
    about as far as AdamW takes them at the released rate, 1e-4, in its 120 epochs of seven steps.
    """
    torch.manual_seed(0)
    widths = (20, 10, 15)
    network = built(code, widths, 64, 7, [17, 17], 19).eval()
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if name.endswith("edge_weight"):
                weights.copy_(filled(name, weights.shape))
        dialogues = [[torch.randn(length, width) for width in widths] for length in LENGTHS[:32]]
        answers = []
        for size in (16, 1):
            batches = [dialogues[start : start + size] for start in range(0, 32, size)]
            answers.append(torch.cat([network(*inputs(batch))[0].argmax(-1) for batch in batches]))
    return (answers[0] != answers[1]).double().mean().item()


def rounded(found):
    """Returns the numbers to nine digits."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return found if isinstance(found, int) else float(f"{found:.9g}")


def main(clone):
    """Writes the file beside this one."""
    sys.path.insert(0, clone)
    import model as code
    import module

    found = {
        "untrained_edges": reference(code, module, torch.ones_like),
        "trained_edges": reference(code, module, lambda weights: weights),
        "negative_edges": reference(code, module, lambda weights: 10 * (weights - 1)),
        "training": reference(code, module, lambda weights: weights, training=True),
        "share_changed_by_the_batch": changed_by_the_batch(code),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(rounded(found)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
