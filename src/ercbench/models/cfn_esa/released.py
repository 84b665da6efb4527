"""Weights of the authors' released code, brought into our network."""

import re
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ercbench.errors import ErcbenchError
from ercbench.models.cfn_esa.network import CFNESANetwork
from ercbench.models.cfn_esa.settings import CFNESASettings

MODALITIES = {"text": "t", "visual": "v", "audio": "a"}


def load_released(state_dict: Mapping[str, Tensor], settings: CFNESASettings) -> CFNESANetwork:
    """Builds the network from a state dict of the released code; sizes are read off its shapes.

    Args:
        state_dict: Names as in the released code, such as `rume.layers.0.rnn.weight_ih_l0`.
        settings: What no shape tells: attention heads (8 in the released scripts) and dropout.

    Returns:
        The network.

    Raises:
        ErcbenchError: A parameter is missing, unknown or of another shape.
    """
    weights = dict(state_dict)
    try:
        settings, widths = _sized(settings, weights)
        classes = len(weights["smax_fc.bias"])
        network = CFNESANetwork(settings, widths, classes)
        ours = _renamed(weights, settings)
        ours |= {f"project.{m}.missing": torch.zeros(settings.hidden) for m in widths}
        network.load_state_dict(ours)
    except KeyError as error:
        raise ErcbenchError(
            f"Released CFN-ESA weights: no parameter {error}; expected the state dict of the "
            "authors' model. Load the checkpoint's model part."
        ) from None
    except RuntimeError as error:
        raise ErcbenchError(
            f"Released CFN-ESA weights do not fit: {' '.join(str(error).split())}"
        ) from None
    return network


def _sized(
    settings: CFNESASettings, weights: dict[str, Tensor]
) -> tuple[CFNESASettings, dict[str, int]]:
    def layers(part: str) -> int:
        return len({k.split(".")[2] for k in weights if k.startswith(f"{part}.layers.")})

    settings = replace(
        settings,
        hidden=len(weights["linear_t.bias"]),
        rume_layers=layers("rume"),
        acme_layers=layers("acme"),
        shift_hidden=len(weights["emotion_shift.fc.0.bias"]),
    )
    return settings, {m: weights[f"linear_{s}.weight"].shape[1] for m, s in MODALITIES.items()}


def _renamed(weights: dict[str, Tensor], settings: CFNESASettings) -> dict[str, Tensor]:
    """Returns the weights under our names; whatever has no name of ours keeps its own."""
    pair = weights.pop("emotion_shift.fc.0.weight")
    weights["shift.first.weight"] = pair[:, : settings.hidden]
    weights["shift.second.weight"] = pair[:, settings.hidden :]
    return {_our_name(name): value for name, value in weights.items()}


def _our_name(name: str) -> str:
    for pattern, ours in _NAMES:
        name, count = re.subn(f"^{pattern}", ours, name)
        if count:
            return name
    return name


def _name_patterns() -> list[tuple[str, str]]:
    """Returns patterns of their names, from the start, and what stands there in ours."""
    rume = r"rume\.layers\.(\d+)\."
    acme = r"acme\.layers\.(\d+)\."
    names = [
        (rume + r"linear_rnn\b", r"rume.\1.rnn_out"),
        (rume + r"norm_rnn\b", r"rume.\1.rnn_norm"),
        (rume + r"norm_fc\b", r"rume.\1.norm"),
        (rume + r"fc\b", r"rume.\1.feed_forward.0"),
        (rume + r"fc1\b", r"rume.\1.feed_forward.3"),
        (rume + r"rnn\b", r"rume.\1.rnn"),
        (acme + r"linear_cat\b", r"acme.\1.merge"),
        (r"linear_cat\b", "fuse.0"),
        (r"smax_fc\b", "classify"),
        (r"emotion_shift\.fc\.0\.bias", "shift.second.bias"),
        (r"emotion_shift\.classify\.0\b", "shift.classify.2"),
    ]
    for modality, letter in MODALITIES.items():
        names += [
            (rf"linear_{letter}\b", f"project.{modality}.linear"),
            (acme + rf"self_att_{letter}\b", rf"acme.\1.self_attention.{modality}"),
            (acme + rf"cross_att_t{letter}\b", rf"acme.\1.ask_others.{modality}"),
            (acme + rf"cross_att_{letter}\b", rf"acme.\1.ask_primary.{modality}"),
            (acme + rf"norm_{letter}\b", rf"acme.\1.self_norm.{modality}"),
            (acme + rf"norm_{letter}1\b", rf"acme.\1.cross_norm.{modality}"),
            (acme + rf"norm_{letter}2\b", rf"acme.\1.norm.{modality}"),
            (acme + rf"fc_{letter}\b", rf"acme.\1.feed_forward.{modality}.0"),
            (acme + rf"fc_{letter}1\b", rf"acme.\1.feed_forward.{modality}.3"),
        ]
    return names


_NAMES = _name_patterns()
