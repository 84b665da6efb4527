"""The processes that torchrun started for one run: which of them this one is, and which speaks."""

import os


def how_many() -> int:
    """Returns the number of processes that share this run; 1 without torchrun."""
    return int(os.environ["WORLD_SIZE"]) if _under_torchrun() else 1


def how_many_here() -> int:
    """Returns how many of them are on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if how_many() > 1 else 1


def which() -> int:
    """Returns this process's number among them, from 0."""
    return int(os.environ["RANK"]) if how_many() > 1 else 0


def is_first() -> bool:
    """Whether this process is the one that writes and prints for all."""
    return which() == 0


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ
