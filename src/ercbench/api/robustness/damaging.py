"""Damaged copies of a test part's rows: missing ones, noisy ones, and such as are encoded anew."""

from collections.abc import Callable
from pathlib import Path

import torch

from ercbench.api.robustness.encoding import encoded
from ercbench.api.robustness.tested import Rows, TestedRun
from ercbench.data.damage import By, Damage, dropped, noise, noise_scale

AtLevel = Callable[[float], Rows]
"""A level of damage to the rows that are left of a modality."""


def damaging(tested: TestedRun, damage: Damage, draw: int, cache: Path) -> AtLevel:
    """Returns what damages a test part's modality to any level, in one draw.

    Args:
        tested: The run and its test part.
        damage: How.
        draw: Number of the draw.
        cache: Folder of stores, for features that are made anew.
    """
    if damage.kind in ("words", "recordings"):
        clean = tested.rows(damage.modality)
        return lambda level: (
            clean if level == damage.clean else encoded(tested, damage, level, draw, cache)
        )
    if damage.kind == "noise":
        return _noisy(tested, damage.modality, draw)
    return _dropping(tested, damage.modality, damage.by or "utterance", draw)


def _dropping(tested: TestedRun, modality: str, by: By, draw: int) -> AtLevel:
    """Returns what takes rows away."""
    clean = tested.rows(modality)

    def without(rate: float) -> Rows:
        lost = torch.from_numpy(dropped(tested.conversations, by, rate, draw))
        return Rows(clean.values, clean.present & ~lost)

    return without


def _noisy(tested: TestedRun, modality: str, draw: int) -> AtLevel:
    """Returns what adds noise to standardised features, whose variance in training is 1.

    Features that never vary have no signal and get no noise.
    """
    clean = tested.rows(modality)
    deviation = tested.run.model.standardise.get_buffer(f"{modality}_deviation")
    drawn = torch.from_numpy(noise(tested.conversations, clean.values.shape[1], draw))
    there = clean.values[clean.present]
    varies = (there != there[:1]).any(0)
    added = drawn * deviation * varies
    return lambda level: Rows(clean.values + noise_scale(level) * added, clean.present)
