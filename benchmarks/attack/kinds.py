"""The kinds of attack by name."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from attack import careless, disks, kills, mutations
from attack.outcomes import Finding

Kind = Callable[[Path, int, float], Iterator[Finding]]


def often(times: int, attack: Callable[[Path, int, int], Iterator[Finding]]) -> Kind:
    """Returns an attack that is made so many times, or a share of that."""
    return lambda folder, seed, share: attack(folder, seed, max(1, round(times * share)))


def renames(folder: Path, _seed: int, _share: float) -> Iterator[Finding]:
    """Kills preparing and training at each rename."""
    return chain.from_iterable(kills.killed_renames(folder, name) for name in ("prepare", "train"))


def read_only(folder: Path, _seed: int, _share: float) -> Iterator[Finding]:
    """Asks for finished runs on a disk that cannot be written."""
    return disks.finished_read_only(folder)


KINDS: Mapping[str, Kind] = {
    "kills": often(100, kills.random_kills),
    "renames": renames,
    "full disk": often(30, disks.failing_disk),
    "read-only": read_only,
    "stores": often(100, mutations.stores),
    "records": often(90, mutations.records),
    "reports": often(10, mutations.reports),
    "checkpoints": often(40, mutations.checkpoints),
    "tables": often(60, mutations.tables),
    "inputs": often(50, mutations.inputs),
    "careless": often(200, careless.careless_input),
}
"""Kind to its findings, of a folder to work in, a seed, and a share of the usual number."""
