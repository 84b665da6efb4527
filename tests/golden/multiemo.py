"""Writes multiemo.json: what the public code of MultiEMO computes, filled by formula.

Usage: PYTHONPATH=tests/support:benchmarks python tests/golden/multiemo.py CLONE

CLONE is a clone of https://github.com/TaoShi1998/MultiEMO-ACL2023 (commit e96458b, which has no
licence). It is run as it is, on the CPU; nothing of it is part of ercbench.
"""

import json
import sys
from pathlib import Path

import torch
from formula import fill, filled
from torch.nn.functional import one_hot
from torch.nn.utils.rnn import pad_sequence

from iemocap_lengths import LENGTHS

WIDTHS = {"text": 6, "audio": 5, "visual": 4}
DIALOGUES = (5, 1, 9)
SPEAKERS = ([0, 1, 1, 0, 1], [0], [0, 1, 2, 1, 0, 0, 1, 2, 1])
COUNTS = [6, 3, 12, 4, 6, 2, 5]
CLASSES = {"IEMOCAP": 6, "MELD": 7}
NETWORKS = ("text", "audio", "visual")


def built(code, dataset, widths, width, layers, heads, hidden):
    """Returns the public network in evaluation."""
    classes = CLASSES[dataset]
    text, audio, visual = widths
    return code.MultiEMO(
        dataset, True, text, hidden, 0.0, layers, width, heads, audio, visual,
        width, width, width, width, classes, 2, False, "simple", width, 0.0, "cpu",
    ).eval()  # fmt: skip


def padded(features, speakers, parties):
    """Returns what the public loader yields: features, speakers, mask and labels."""
    lengths = [len(each) for each in speakers]
    who = pad_sequence([one_hot(torch.as_tensor(s), parties) for s in speakers])
    mask = pad_sequence([torch.ones(n) for n in lengths], batch_first=True)
    labels = [torch.arange(n) % 4 for n in lengths]
    labels = pad_sequence(labels, batch_first=True, padding_value=-1).view(-1)
    rows = [pad_sequence(own) for own in features]
    return *rows, who.to(rows[0].dtype), mask.to(rows[0].dtype), labels


def answered(code, network, dataset, which):
    """Returns what is computed of some dialogues in one batch."""
    network.zero_grad()
    speakers = [SPEAKERS[i] for i in which]
    features = [[filled(f"{m}{i}", (DIALOGUES[i], w)) for i in which] for m, w in WIDTHS.items()]
    inputs = padded(features, speakers, 3)
    *modalities, fused, logits = network(*inputs)
    labels = inputs[-1][inputs[-1] != -1]
    counts = torch.tensor(COUNTS[: CLASSES[dataset]], dtype=torch.float64)
    contrast = code.SampleWeightedFocalContrastiveLoss(0.8, 2.4, 1.1, dataset, counts, "cpu")
    found = {
        "emotion_loss": torch.nn.functional.cross_entropy(logits, labels),
        "contrastive_loss": contrast(fused, labels),
        "correlation_loss": code.SoftHGRLoss()(*modalities),
    }
    loss = 0.2 * found["emotion_loss"] + 0.4 * (
        found["contrastive_loss"] + found["correlation_loss"]
    )
    loss.backward()
    norms = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    found |= {"logits": logits, "gradient_norm": torch.stack(norms).norm()}
    return {name: value.tolist() for name, value in found.items()}


def reference(code, dataset):
    """Returns what is computed of the dialogues together and of one alone, and what is idle."""
    network = fill(built(code, dataset, WIDTHS.values(), 8, 2, 2, 16).double())
    found = {
        "together": answered(code, network, dataset, (0, 1, 2)),
        "alone": answered(code, network, dataset, (2,)),
    }
    idle = [p for p in network.parameters() if p.grad is None or not p.grad.any()]
    return found | {"idle": sum(p.numel() for p in idle)}


def sizes(code, dataset, layers):
    """Returns how many parameters the released size has, and how many no gradient reaches."""
    network = built(code, dataset, (768, 512, 1000), 256, layers, 4, 1024)
    inputs = padded([[torch.randn(3, w)] for w in (768, 512, 1000)], [[0, 1, 0]], 2)
    network(*inputs)[-1].sum().backward()
    parameters = list(network.parameters())
    return {
        "parameters": sum(p.numel() for p in parameters),
        "unreached": sum(p.numel() for p in parameters if p.grad is None),
    }


def changed_by_the_batch(code):
    """Returns the share of predictions that differ in batches of 16 from those alone."""
    torch.manual_seed(0)
    widths, changed = (768, 512, 1000), []
    network = built(code, "IEMOCAP", widths, 256, 6, 4, 1024)
    with torch.no_grad():
        for start in range(0, 64, 16):
            lengths = LENGTHS[start : start + 16]
            features = [[torch.randn(n, w) for n in lengths] for w in widths]
            speakers = [torch.randint(0, 2, (n,)) for n in lengths]
            together = network(*padded(features, speakers, 2))[-1].argmax(-1)
            for i, own in enumerate(together.split(list(lengths))):
                alone = padded([[each[i]] for each in features], [speakers[i]], 2)
                changed.append(network(*alone)[-1].argmax(-1) != own)
    return torch.cat(changed).double().mean().item()


def loaded(clone):
    """Returns the public code's classes, in one place."""
    for folder in ("Model", "Loss"):
        sys.path.insert(0, f"{clone}/{folder}")
    import MultiEMO_Model as code
    from SampleWeightedFocalContrastiveLoss import SampleWeightedFocalContrastiveLoss
    from SoftHGRLoss import SoftHGRLoss

    code.SoftHGRLoss = SoftHGRLoss
    code.SampleWeightedFocalContrastiveLoss = SampleWeightedFocalContrastiveLoss
    return code


def main(clone):
    """Writes the file beside this one."""
    code = loaded(clone)
    found = {
        "iemocap": reference(code, "IEMOCAP"),
        "meld": reference(code, "MELD"),
        "sizes": {"iemocap": sizes(code, "IEMOCAP", 6), "meld": sizes(code, "MELD", 2)},
        "share_changed_by_the_batch": changed_by_the_batch(code),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
