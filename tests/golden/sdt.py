"""Writes sdt.json: what the public code of SDT computes with weights and inputs by formula.

Usage: PYTHONPATH=tests/support:benchmarks python tests/golden/sdt.py CLONE

CLONE is a clone of https://github.com/butterfliesss/SDT (commit 60af921, which has no licence). It
is run as it is, on the CPU; nothing of it is part of ercbench.
"""

import json
import sys
from pathlib import Path

import torch
from formula import fill, filled
from torch.nn.utils.rnn import pad_sequence

from iemocap_lengths import LENGTHS

WIDTHS = {"text": 6, "visual": 4, "audio": 5}
DIALOGUES = (5, 1, 3)
CLASSES = 6
WEIGHTS = [1.0, 2.0, 0.5, 1.5, 1.0, 3.0]


def inputs(lengths, widths, speakers, make):
    """Returns what the public loader would yield: three features, mask, speakers, lengths."""
    features = [
        pad_sequence([make(f"{m}{i}", (n, w)) for i, n in enumerate(lengths)])  # [L, B, D]
        for m, w in widths.items()
    ]
    mask = pad_sequence([torch.ones(n) for n in lengths], batch_first=True)  # [B, L]
    who = [torch.arange(n) ** 2 % min(speakers, 3) for n in lengths]
    one_hot = [torch.nn.functional.one_hot(each, speakers) for each in who]
    return [*features, mask, pad_sequence(one_hot, batch_first=True), list(lengths)]


def built(code, dataset, speakers, temperature):
    """Returns the public network, filled by formula, but for the gates that it fixes on MELD."""
    widths = WIDTHS.values()
    network = code.Transformer_Based_Model(
        dataset, temperature, *widths, 2, CLASSES, 8, speakers, 0.5
    )
    gates = {n: p.clone() for n, p in network.named_parameters() if not p.requires_grad}
    fill(network.double())
    network.load_state_dict(gates, strict=False)
    return network.eval()


def answered(code, network, dialogues, speakers, weights):
    """Returns log probabilities of all heads, the losses' sum and its gradient's norm."""
    network.zero_grad()
    *features, mask, speakers, lengths = inputs(dialogues, WIDTHS, speakers, filled)
    *log_probabilities, _, own1, own2, own3, given = network(
        *features, mask.double(), speakers, lengths
    )
    labels = pad_sequence([torch.arange(n) % CLASSES for n in dialogues], batch_first=True)
    nll, kl = code.MaskedNLLLoss(weights), code.MaskedKLDivLoss()
    loss = sum(nll(x.view(-1, CLASSES), labels.view(-1), mask) for x in log_probabilities)
    for own in (own1, own2, own3):
        loss = loss + kl(own.view(-1, CLASSES), given.view(-1, CLASSES), mask)
    loss.backward()
    norms = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    names = ("text", "audio", "visual", "final")
    return {
        "loss": loss.item(),
        "gradient_norm": torch.stack(norms).norm().item(),
        **{n: x[mask.bool()].tolist() for n, x in zip(names, log_probabilities, strict=True)},
    }


def reference(code, dataset, speakers, temperature, weights):
    """Returns what is computed of the dialogues together, and of the longest alone."""
    network = built(code, dataset, speakers, temperature)
    found = {
        "together": answered(code, network, DIALOGUES, speakers, weights),
        "alone": answered(code, network, DIALOGUES[:1], speakers, weights),
    }
    trained = [p for p in network.parameters() if p.requires_grad]
    idle = sum(p.numel() for p in trained if p.grad is None)
    return found | {"parameters": sum(p.numel() for p in trained), "without_gradient": idle}


def changed_by_the_batch(code):
    """Returns the share of predictions that differ in batches of 16 from those alone."""
    torch.manual_seed(0)
    widths = {"text": 1024, "visual": 342, "audio": 1582}
    network = code.Transformer_Based_Model("IEMOCAP", 1, *widths.values(), 8, 6, 128, 2, 0.5).eval()
    lengths, changed = LENGTHS[:64], []
    with torch.no_grad():
        for start in range(0, len(lengths), 16):
            batch = inputs(
                lengths[start : start + 16], widths, 2, lambda _, shape: torch.randn(shape)
            )
            together = network(*[x.clone() if torch.is_tensor(x) else x for x in batch])[4].argmax(
                -1
            )
            for i, n in enumerate(batch[-1]):
                alone = [
                    *(x[:n, i : i + 1] for x in batch[:3]),
                    *(x[i : i + 1, :n] for x in batch[3:5]),
                ]
                changed.append(network(*alone, [n])[4].argmax(-1)[0] != together[i, :n])
    return torch.cat(changed).double().mean().item()


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
    torch.Tensor.cuda = lambda self: self  # the public code asks for a GPU; here it has none
    import model as code

    torch.manual_seed(0)
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    found = {
        "iemocap": reference(code, "IEMOCAP", 2, 1, weights),
        "meld": reference(code, "MELD", 9, 8, None),
        "share_changed_by_the_batch": changed_by_the_batch(code),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(rounded(found)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
