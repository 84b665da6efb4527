"""Weights and inputs by a formula, so that two networks in different houses can be filled alike."""

import math
from zlib import crc32

import torch


def filled(name, shape, dtype=torch.float64):
    """Returns a tensor whose numbers follow from its name and shape alone.

    Element i is sin(0.7 i + crc32(name) mod 1000), divided by the square root of the width of a
    matrix's rows; the weights of norms, vectors named `weight`, are 1 + a tenth of it.
    """
    steps = torch.arange(math.prod(shape), dtype=torch.float64)
    values = (0.7 * steps + crc32(name.encode()) % 1000).sin().view(shape)
    if len(shape) > 1:
        values = values / math.prod(shape[1:]) ** 0.5
    elif name.endswith("weight"):
        values = 1 + values / 10
    return values.to(dtype)


def fill(network):
    """Fills a network's parameters by their names."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(filled(name, parameter.shape, parameter.dtype))
    return network
