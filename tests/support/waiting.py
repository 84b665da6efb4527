"""Waiting for what another process does."""

import time

import pytest


def wait_for(condition, why, seconds=900):
    """Returns what a condition says once it holds; fails if it does not in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    return pytest.fail(f"waited in vain for {why}")
