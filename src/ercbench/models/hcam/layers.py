"""A pretrained transformer's layers: which are trained, how fast, and through what matrices."""

import re
from collections import defaultdict
from typing import Any

from torch import nn

from ercbench.errors import ErcbenchError
from ercbench.extras import require

LORA = "lora_"  # what the names of peft's parameters have in common


def layers_of(backbone: nn.Module) -> tuple[str, int]:
    """Returns the name of the list of a transformer's layers, and how many there are.

    Raises:
        ErcbenchError: It has no such list.
    """
    lists = {n: len(m) for n, m in backbone.named_modules() if isinstance(m, nn.ModuleList)}
    if not lists:
        raise ErcbenchError(
            f"{type(backbone).__name__}: has no list of layers; expected a transformer. Set "
            "encoder.frozen_layers=0 and encoder.layer_decay=1, or give another encoder.backbone."
        )
    longest = max(lists, key=lists.__getitem__)
    return longest, lists[longest]


def lowest(backbone: nn.Module, count: int) -> list[nn.Module]:
    """Returns the embeddings and so many of the lowest layers; nothing for 0.

    Raises:
        ErcbenchError: There are not so many.
    """
    if count == 0:
        return []
    name, there = layers_of(backbone)
    if count > there:
        raise ErcbenchError(
            f"encoder.frozen_layers={count}: the model has {there} layers. Set at most {there}."
        )
    embeddings = [m for n, m in backbone.named_modules() if n.split(".")[-1] == "embeddings"]
    return [*embeddings[:1], *list(backbone.get_submodule(name).children())[:count]]


def freeze(backbone: nn.Module, count: int, lora_rank: int | None) -> None:
    """Keeps the lowest layers as they are, and with LoRA everything but its matrices."""
    for name, weights in backbone.named_parameters():
        weights.requires_grad_(weights.requires_grad and (lora_rank is None or LORA in name))
    for part in lowest(backbone, count):
        part.requires_grad_(False)


def groups_by_layer(
    network: nn.Module, backbone: nn.Module, rate: float, decay: float
) -> list[dict[str, Any]]:
    """Returns what is trained of a network, in groups for an optimiser.

    The heads have the whole rate, the last layer `decay` of it, the one below `decay` of that,
    and so on; the embeddings come below the first.

    Args:
        network: Whose parameters.
        backbone: The transformer in it.
        rate: The heads'.
        decay: More than 0; with 1 there is one group.
    """
    if decay == 1:
        return [{"params": [p for p in network.parameters() if p.requires_grad]}]
    name, count = layers_of(backbone)
    inside = {id(p): n for n, p in backbone.named_parameters()}
    groups = defaultdict[float, list[nn.Parameter]](list)
    for weights in filter(lambda p: p.requires_grad, network.parameters()):
        own = inside.get(id(weights))
        layer = own and re.match(rf"{re.escape(name)}\.(\d+)\.", own)
        below = 0 if own is None else count - int(layer[1]) if layer else count + 1
        groups[rate * decay**below].append(weights)
    return [{"params": own, "lr": lr} for lr, own in groups.items()]


def with_lora(backbone: Any, rank: int) -> Any:
    """Returns a transformer with matrices of a low rank beside each of its linear layers.

    Raises:
        ErcbenchError: peft is not installed, or the model has no linear layers.
    """
    require("peft", "lora", "encoder.lora_rank")
    from peft import LoraConfig, inject_adapter_in_model

    if not any(isinstance(module, nn.Linear) for module in backbone.modules()):
        raise ErcbenchError(
            f"encoder.lora_rank={rank}: {type(backbone).__name__} has no linear layers to put "
            "matrices beside. Set encoder.lora_rank=null."
        )
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
    return inject_adapter_in_model(config, backbone)
